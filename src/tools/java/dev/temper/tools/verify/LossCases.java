package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import java.util.List;

/** Divergences, cross-entropy, temperatures and weights. */
final class LossCases {

  static final double[] TEMPERATURES = {0.5, 1, 2, 3, 4, 10, 1e6};

  private LossCases() {}

  static void add(List<Case> cases) {
    divergence(cases, CaseGroup.FORWARD_KL, "forward-kl");
    divergence(cases, CaseGroup.REVERSE_KL, "reverse-kl");
    divergence(cases, CaseGroup.MIXED, "mixed:0.3", "mixed:0.0", "mixed:1.0");
    divergence(cases, CaseGroup.JENSEN_SHANNON, "jsd:0.5", "jsd:0.1", "jsd:0.9");
    divergence(cases, CaseGroup.SKEW_FORWARD_KL, "skew-forward-kl:0.1", "skew-forward-kl:0.7");
    divergence(cases, CaseGroup.SKEW_REVERSE_KL, "skew-reverse-kl:0.1", "skew-reverse-kl:0.7");
    divergence(cases, CaseGroup.TOTAL_VARIATION, "tvd");
    divergence(cases, CaseGroup.NEGATIVE_LOG_ACCEPTANCE, "nla");
    divergence(cases, CaseGroup.DKD, "dkd:1.0,8.0", "dkd:1.0,0.0", "dkd:0.0,1.0");
    divergence(cases, CaseGroup.LOGIT_MSE, "logit-mse");
    crossEntropy(cases);
    weights(cases);
    temperatures(cases);
  }

  private static void divergence(List<Case> cases, CaseGroup group, String... kinds) {
    for (String kind : kinds) {
      for (int classes : new int[] {2, 3, 10, 100, 1000}) {
        for (double temperature : new double[] {1, 2, 3}) {
          CaseBuilder.of(group).level(classes <= 100 ? Level.QUICK : Level.DEFAULT).classes(classes)
              .loss(b -> b.temperature(temperature)).soft(Divergence.parse(kind))
              .add(cases, kind + "-c" + classes + "-T" + number(temperature));
        }
      }
      CaseBuilder.of(group).classes(1000).content(Content.SHARP).soft(Divergence.parse(kind))
          .add(cases, kind + "-sharp");
      CaseBuilder.of(group).classes(10).content(Content.TIES).soft(Divergence.parse(kind)).add(cases, kind + "-ties");
      CaseBuilder.of(group).level(Level.DEFAULT).classes(1025).dtype(DType.BF16).soft(Divergence.parse(kind))
          .add(cases, kind + "-bf16");
      CaseBuilder.of(group).level(Level.DEFAULT).classes(4097).loss(b -> b.temperature(10)).soft(Divergence.parse(kind))
          .add(cases, kind + "-c4097-T10");
    }
  }

  private static void crossEntropy(List<Case> cases) {
    DistillationLoss hard = DistillationLoss.builder().softWeight(0).hardWeight(1).temperature(3).build();
    for (int classes : new int[] {1, 2, 3, 10, 100, 1000, 32000}) {
      CaseBuilder.of(CaseGroup.CROSS_ENTROPY_LOSS).level(classes < 1000 ? Level.QUICK : Level.DEFAULT).classes(classes)
          .loss(hard)
          .add(cases, "c" + classes);
      CaseBuilder.of(CaseGroup.LABEL_SMOOTHING).level(classes < 1000 ? Level.QUICK : Level.DEFAULT).classes(classes)
          .loss(hard)
          .loss(b -> b.labelSmoothing(0.1)).add(cases, "c" + classes);
    }
    CaseBuilder.of(CaseGroup.CROSS_ENTROPY_LOSS).classes(1000).loss(hard).content(Content.SHARP).add(cases, "sharp");
    CaseBuilder.of(CaseGroup.LABEL_SMOOTHING).loss(hard).content(Content.ABSENT).loss(b -> b.labelSmoothing(0.2))
        .add(cases, "absent-classes");
  }

  private static void weights(List<Case> cases) {
    for (double soft : new double[] {0, 0.25, 1, 3}) {
      for (double hard : soft == 0 ? new double[] {0.5, 2} : new double[] {0, 0.5, 2}) {
        for (EngineMethod method : new EngineMethod[] {EngineMethod.FORWARD, EngineMethod.FORWARD_BACKWARD}) {
          CaseBuilder.of(CaseGroup.WEIGHTS).classes(17).method(method).loss(b -> b.softWeight(soft).hardWeight(hard))
              .add(cases, "soft" + number(soft) + "-hard" + number(hard)
                  + (method == EngineMethod.FORWARD ? "-forward" : ""));
        }
      }
    }
  }

  private static void temperatures(List<Case> cases) {
    for (double temperature : TEMPERATURES) {
      for (boolean scaling : new boolean[] {true, false}) {
        for (int classes : new int[] {3, 16, 1000}) {
          CaseBuilder.of(CaseGroup.TEMPERATURES).level(classes == 16 ? Level.QUICK : Level.DEFAULT).classes(classes)
              .loss(b -> b.temperature(temperature).temperatureScaling(scaling))
              .add(cases, "T" + number(temperature) + (scaling ? "" : "-unscaled") + "-c" + classes);
        }
      }
      CaseBuilder.of(CaseGroup.TEACHER_TEMPERATURE).classes(100)
          .loss(b -> b.temperature(2).teacherTemperature(temperature))
          .add(cases, "teacher-T" + number(temperature));
    }
    for (String kind : new String[] {"forward-kl", "jsd:0.5", "reverse-kl"}) {
      for (double cap : new double[] {5, 30}) {
        CaseBuilder.of(CaseGroup.SOFTCAP).classes(100).loss(b -> b.softcap(cap).divergence(Divergence.parse(kind)))
            .add(cases, kind + "-cap" + number(cap));
      }
    }
  }

  static String number(double value) {
    return value == Math.rint(value) && value < 1e5 ? Long.toString((long) value)
        : Double.toString(value).replace("1000000.0", "1e6");
  }
}
