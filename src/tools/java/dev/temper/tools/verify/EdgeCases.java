package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Absent classes, non-finite rows, equal and nearly equal rows, large logits, and results at the limits of a dtype. */
final class EdgeCases {

  private static final String[] KINDS =
      {"forward-kl", "jsd:0.5", "reverse-kl", "skew-forward-kl:0.1", "skew-reverse-kl:0.1", "tvd"};
  /** The quick level leaves these out, because an engine may compile a kernel for each kind and dtype. */
  private static final String[] FURTHER_KINDS =
      {"mixed:0.3", "jsd:1.0E-6", "jsd:0.999999", "skew-forward-kl:0.9", "skew-reverse-kl:0.9", "nla", "dkd:1.0,8.0",
          "dkd:0.0,1.0"};
  private static final DType[] FLOATING = {DType.F32, DType.BF16, DType.F16};

  private EdgeCases() {}

  static void add(List<Case> cases) {
    absent(cases);
    equality(cases);
    range(cases);
    Goldens.add(cases);
  }

  private static void absent(List<Case> cases) {
    for (DType dtype : FLOATING) {
      for (int classes : new int[] {10, 16, 100, 2050}) {
        String size = "-" + ShapeCases.name(dtype) + "-c" + classes;
        Level level = classes == 100 || classes == 10 ? Level.QUICK : Level.DEFAULT;
        for (String kind : KINDS) {
          Divergence divergence = Divergence.parse(kind);
          CaseBuilder.of(CaseGroup.ABSENT_CLASSES).level(level).classes(classes).dtype(dtype).content(Content.ABSENT)
              .loss(b -> b.divergence(divergence)).add(cases, kind + size);
          CaseBuilder.of(CaseGroup.NON_FINITE_ROWS).level(level).classes(classes).dtype(dtype)
              .content(Content.NON_FINITE)
              .loss(b -> b.divergence(divergence)).add(cases, kind + size);
          CaseBuilder.of(CaseGroup.NON_FINITE_ROWS).level(level).classes(classes).dtype(dtype)
              .content(Content.NON_FINITE)
              .soft(divergence).add(cases, kind + size + "-soft-only");
        }
        for (EngineMethod method : new EngineMethod[] {EngineMethod.FORWARD, EngineMethod.FORWARD_BACKWARD}) {
          String suffix = size + (method == EngineMethod.FORWARD ? "-forward" : "");
          CaseBuilder.of(CaseGroup.ABSENT_CLASSES).level(level).classes(classes).dtype(dtype).method(method)
              .content(Content.ABSENT_LABELS)
              .add(cases, "labels" + suffix);
          CaseBuilder.of(CaseGroup.TEACHER_ABSENT).level(level).classes(classes).dtype(dtype).method(method)
              .content(Content.TEACHER_ABSENT)
              .add(cases, "forward-kl" + suffix);
          CaseBuilder.of(CaseGroup.TEACHER_ABSENT).level(level).classes(classes).dtype(dtype).method(method)
              .content(Content.TEACHER_ABSENT)
              .loss(b -> b.divergence(Divergence.jensenShannon(0.5))).add(cases, "jsd" + suffix);
          CaseBuilder.of(CaseGroup.STUDENT_ABSENT).level(level).classes(classes).dtype(dtype).method(method)
              .content(Content.STUDENT_ABSENT)
              .add(cases, "forward-kl" + suffix);
          CaseBuilder.of(CaseGroup.STUDENT_ABSENT).level(level).classes(classes).dtype(dtype).method(method)
              .content(Content.STUDENT_ABSENT)
              .loss(b -> b.divergence(Divergence.jensenShannon(0.5))).add(cases, "jsd" + suffix);
        }
      }
    }
    for (String kind : FURTHER_KINDS) {
      for (Content content : new Content[] {Content.ABSENT, Content.NON_FINITE}) {
        for (DType dtype : FLOATING) {
          for (int classes : new int[] {10, 100, 2050}) {
            CaseBuilder.of(content == Content.ABSENT ? CaseGroup.ABSENT_CLASSES : CaseGroup.NON_FINITE_ROWS)
                .level(Level.DEFAULT).classes(classes).dtype(dtype).content(content)
                .loss(b -> b.divergence(Divergence.parse(kind)))
                .add(cases, kind + "-" + ShapeCases.name(dtype) + "-c" + classes);
          }
        }
      }
    }
    for (double beta : new double[] {0.02, 0.86, 0.999}) { // one of the two divergences is small, its weight is not
      for (int classes : new int[] {10, 3_000}) {
        String name = "jsd" + beta + "-c" + classes;
        CaseBuilder.of(CaseGroup.TEACHER_ABSENT).classes(classes).content(Content.TEACHER_ABSENT)
            .soft(Divergence.jensenShannon(beta)).add(cases, name);
        CaseBuilder.of(CaseGroup.STUDENT_ABSENT).classes(classes).content(Content.STUDENT_ABSENT)
            .soft(Divergence.jensenShannon(beta)).add(cases, name);
        CaseBuilder.of(CaseGroup.CLASSES).classes(classes).soft(Divergence.jensenShannon(beta)).add(cases, name);
      }
    }
    CaseBuilder.of(CaseGroup.TEACHER_ABSENT).content(Content.TEACHER_ABSENT).soft(Divergence.logitMse())
        .add(cases, "logit-mse");
    CaseBuilder.of(CaseGroup.NON_FINITE_ROWS).content(Content.NON_FINITE)
        .loss(DistillationLoss.builder().softWeight(0).hardWeight(1).build())
        .add(cases, "cross-entropy");
    CaseBuilder.of(CaseGroup.ABSENT_CLASSES).content(Content.ABSENT).loss(b -> b.softcap(30)).add(cases, "softcap");
    CaseBuilder.of(CaseGroup.NON_FINITE_ROWS).content(Content.NON_FINITE).loss(b -> b.softcap(30))
        .add(cases, "softcap");
  }

  private static void equality(List<Case> cases) {
    for (String kind : new String[] {"forward-kl", "reverse-kl", "mixed:0.4", "jsd:0.5", "jsd:0.1",
        "skew-forward-kl:0.1", "skew-reverse-kl:0.1", "tvd", "logit-mse"}) {
      for (DType dtype : FLOATING) {
        for (int classes : new int[] {3, 16, 33, 1000, 4097}) {
          CaseBuilder.of(CaseGroup.EQUAL_ROWS).level(classes == 33 ? Level.QUICK : Level.DEFAULT).check(Check.ZERO)
              .classes(classes)
              .dtype(dtype).content(Content.EQUAL).loss(b -> b.temperature(3)).soft(Divergence.parse(kind))
              .add(cases, kind + "-" + ShapeCases.name(dtype) + "-c" + classes);
        }
      }
    }
    for (String kind : new String[] {"forward-kl", "jsd:0.5"}) {
      for (DType dtype : FLOATING) {
        for (int classes : new int[] {10, 66}) { // 66 classes end in the first half of a pair of vectors
          CaseBuilder.of(CaseGroup.EQUAL_ROWS).level(Level.QUICK).check(Check.ZERO).classes(classes)
              .dtype(dtype).content(Content.EQUAL_ABSENT).soft(Divergence.parse(kind))
              .add(cases, kind + "-absent-" + ShapeCases.name(dtype) + "-c" + classes);
        }
      }
    }
    for (String kind : FURTHER_KINDS) {
      for (DType dtype : FLOATING) {
        for (int classes : new int[] {3, 33, 1000}) {
          CaseBuilder.of(CaseGroup.EQUAL_ROWS).level(Level.DEFAULT).check(Check.ZERO).classes(classes).dtype(dtype)
              .content(Content.EQUAL).loss(b -> b.temperature(3)).soft(Divergence.parse(kind))
              .add(cases, kind + "-" + ShapeCases.name(dtype) + "-c" + classes);
        }
      }
    }
    CaseBuilder.of(CaseGroup.EQUAL_ROWS).check(Check.ZERO).classes(33).content(Content.EQUAL)
        .layout(l -> l.padded(2, 5))
        .loss(b -> b.numClasses(33)).soft(Divergence.forwardKl()).add(cases, "padded-differently");
    CaseBuilder.of(CaseGroup.EQUAL_ROWS).check(Check.ZERO).classes(33).content(Content.EQUAL)
        .method(EngineMethod.BACKWARD).soft(Divergence.forwardKl())
        .add(cases, "backward");
    for (int classes : new int[] {3, 10, 16, 17, 100, 1000, 10000, 100_000}) {
      for (double temperature : new double[] {1, 2, 4}) {
        Level level = classes > 1000 || temperature != 1 ? Level.DEFAULT : Level.QUICK;
        CaseBuilder.of(CaseGroup.NEAR_EQUALITY).level(level).classes(classes).content(Content.NEARLY_EQUAL)
            .loss(b -> b.temperature(temperature)).soft(Divergence.forwardKl())
            .add(cases, "c" + classes + "-T" + LossCases.number(temperature));
      }
    }
    CaseBuilder.of(CaseGroup.NEAR_EQUALITY).classes(100).content(Content.NEARLY_EQUAL)
        .soft(Divergence.jensenShannon(0.5)).add(cases, "jsd");
    List<String> others = new ArrayList<>(List.of(KINDS).subList(1, KINDS.length));
    others.addAll(List.of(FURTHER_KINDS));
    for (String kind : others) {
      for (int classes : new int[] {3, 17, 100, 10_000}) {
        for (double temperature : new double[] {1, 3}) {
          CaseBuilder.of(CaseGroup.NEAR_EQUALITY).level(Level.DEFAULT).classes(classes).content(Content.NEARLY_EQUAL)
              .loss(b -> b.temperature(temperature)).soft(Divergence.parse(kind))
              .add(cases, kind + "-c" + classes + "-T" + LossCases.number(temperature));
        }
      }
    }
  }

  private static void range(List<Case> cases) {
    for (DType dtype : FLOATING) {
      for (String kind : new String[] {"forward-kl", "jsd:0.5"}) {
        for (int classes : new int[] {3, 16, 100, 1025}) {
          for (Content content : new Content[] {Content.LARGE, Content.SHIFTED, Content.SHARP, Content.TAILS,
              Content.FAR}) {
            if (content == Content.FAR && dtype == DType.F16) {
              continue; // the largest number of f16 is 65,504
            }
            CaseBuilder.of(CaseGroup.LARGE_LOGITS).level(classes == 100 ? Level.QUICK : Level.DEFAULT).classes(classes)
                .dtype(dtype)
                .content(content).loss(b -> b.divergence(Divergence.parse(kind)))
                .add(cases, kind + "-" + content.name().toLowerCase(Locale.ROOT) + "-" + ShapeCases.name(dtype) + "-c"
                    + classes);
          }
        }
      }
    }
    for (double scale : new double[] {1e-4, 1e-6, 1e7, 1e9}) {
      for (int classes : new int[] {10, 33, 1000}) {
        CaseBuilder.of(CaseGroup.HALF_RANGE).classes(classes).dtype(DType.F16).options(o -> o.withGradientScale(scale))
            .add(cases, "f16-c" + classes + "-scale" + scale);
      }
      CaseBuilder.of(CaseGroup.HALF_RANGE).classes(33).dtype(DType.BF16)
          .options(o -> o.withGradientScale(scale * 1e-30))
          .add(cases, "bf16-scale" + scale + "e-30");
    }
  }
}
