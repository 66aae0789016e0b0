package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.Reduction;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Cases of properties that hold on any device, for any dtype and size. */
final class InvariantCases {

  private static final String[] KINDS =
      {"forward-kl", "reverse-kl", "jsd:0.5", "skew-forward-kl:0.1", "skew-reverse-kl:0.1", "tvd"};

  /** The quick level leaves these out, because an engine may compile a kernel for each kind and dtype. */
  private static final String[] FURTHER_KINDS = {"mixed:0.3", "jsd:0.1", "jsd:1.0E-6", "jsd:0.999999",
      "skew-forward-kl:0.9", "skew-reverse-kl:0.9", "nla", "dkd:1.0,8.0", "dkd:0.0,1.0", "logit-mse"};

  private InvariantCases() {}

  static void add(List<Case> cases) {
    for (String kind : KINDS) {
      for (int classes : new int[] {3, 10, 16, 33, 1000}) {
        arithmetic(cases, kind, classes, classes == 10 ? Level.QUICK : Level.DEFAULT);
      }
    }
    for (String kind : FURTHER_KINDS) {
      for (int classes : new int[] {3, 10, 16, 33, 1000}) {
        arithmetic(cases, kind, classes, Level.DEFAULT);
      }
    }
    for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.F16}) {
      for (int classes : new int[] {3, 10, 16, 17, 33, 100, 1000, 4097}) {
        for (String kind : new String[] {"forward-kl", "jsd:0.5"}) {
          bits(cases, kind, classes, dtype, classes == 33 || classes == 16 ? Level.QUICK : Level.DEFAULT);
        }
      }
      for (int classes : new int[] {3, 33, 1000}) {
        Arrays.stream(KINDS).filter(kind -> !kind.equals("forward-kl") && !kind.equals("jsd:0.5"))
            .forEach(kind -> bits(cases, kind, classes, dtype, Level.DEFAULT));
        Arrays.stream(FURTHER_KINDS).forEach(kind -> bits(cases, kind, classes, dtype, Level.DEFAULT));
      }
    }
    CaseBuilder.of(CaseGroup.RERUN).level(Level.DEFAULT).check(Check.RERUN).classes(128256).add(cases, "c128256");
    CaseBuilder.of(CaseGroup.RERUN).level(Level.DEFAULT).check(Check.RERUN).classes(10).layout(l -> l.rows(20_000))
        .add(cases, "20000-rows");
    CaseBuilder.of(CaseGroup.RERUN).check(Check.RERUN).content(Content.NON_FINITE).add(cases, "non-finite");
  }

  private static void arithmetic(List<Case> cases, String kind, int classes, Level level) {
    Divergence divergence = Divergence.parse(kind);
    String name = kind + "-c" + classes;
    if (!(divergence instanceof Divergence.LogitMse)) { // it compares the logits, not their softmax
      CaseBuilder.of(CaseGroup.GRADIENT_SUM).level(level).check(Check.SUM).classes(classes)
          .loss(b -> b.divergence(divergence)).add(cases, name);
      CaseBuilder.of(CaseGroup.SHIFT_INVARIANCE).level(level).check(Check.SHIFT).classes(classes)
          .content(Content.ON_GRID).loss(b -> b.divergence(divergence)).add(cases, name);
    }
    CaseBuilder.of(CaseGroup.PERMUTATION).level(level).check(Check.PERMUTATION).classes(classes)
        .loss(b -> b.divergence(divergence))
        .add(cases, name);
    CaseBuilder.of(CaseGroup.SPLITTING).level(level).check(Check.SPLIT).classes(classes).layout(l -> l.rows(6))
        .loss(b -> b.divergence(divergence))
        .options(o -> o.withLabels(0.2).withWeights().withDenominator(77)).add(cases, name);
    for (Content content : new Content[] {Content.NORMAL, Content.NEARLY_EQUAL, Content.EQUAL, Content.LARGE,
        Content.TIES}) {
      CaseBuilder.of(CaseGroup.SIGN).level(level).check(Check.SIGN).classes(classes).content(content).soft(divergence)
          .add(cases, name + "-" + content.name().toLowerCase(Locale.ROOT));
    }
    if (classes <= 33) { // sums of 100 classes and more leave too few digits for differences
      for (double temperature : new double[] {1, 2, 3}) {
        CaseBuilder.of(CaseGroup.FINITE_DIFFERENCES).level(level).check(Check.DIFFERENCES).classes(classes)
            .layout(l -> l.rows(5)).loss(b -> b.divergence(divergence).temperature(temperature)
                .reduction(Reduction.SUM))
            .add(cases, name + "-T" + LossCases.number(temperature));
      }
    }
  }

  private static void bits(List<Case> cases, String kind, int classes, DType dtype, Level level) {
    Divergence divergence = Divergence.parse(kind);
    String name = kind + "-" + ShapeCases.name(dtype) + "-c" + classes;
    for (EngineMethod method : new EngineMethod[] {EngineMethod.FORWARD_BACKWARD, EngineMethod.BACKWARD}) {
      String suffix = method == EngineMethod.BACKWARD ? "-backward" : "";
      CaseBuilder.of(CaseGroup.RERUN).level(level).check(Check.RERUN).classes(classes).dtype(dtype).method(method)
          .loss(b -> b.divergence(divergence)).add(cases, name + suffix);
      CaseBuilder.of(CaseGroup.IN_PLACE).level(level).check(Check.IN_PLACE).classes(classes).dtype(dtype).method(method)
          .loss(b -> b.divergence(divergence)).options(o -> o.withLabels(0.2)).add(cases, name + suffix);
      CaseBuilder.of(CaseGroup.ALONE_OR_IN_BATCH).level(level).check(Check.ALONE).classes(classes).dtype(dtype)
          .method(method)
          .loss(b -> b.divergence(divergence).reduction(Reduction.SUM))
          .layout(l -> l.rows(25).placed(classes % 3, classes % 5, 0, false))
          .options(o -> o.withLabels(0.2)).add(cases, name + suffix);
    }
  }
}
