package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.Reduction;
import java.util.List;

/** Cases of labels, row weights, row temperatures, reductions, gradient scales, passes and refusals. */
final class RowCases {

  private RowCases() {}

  static void add(List<Case> cases) {
    labels(cases);
    rowOptions(cases);
    reductions(cases);
    passes(cases);
    refusals(cases);
  }

  private static void labels(List<Case> cases) {
    for (DType labels : new DType[] {DType.I32, DType.I64}) {
      for (double ignored : new double[] {0, 0.3, 1}) {
        for (double hard : new double[] {0, 0.3}) {
          for (int classes : new int[] {3, 10, 1000}) {
            CaseBuilder.of(CaseGroup.LABELS).level(classes == 10 ? Level.QUICK : Level.DEFAULT).classes(classes)
                .layout(l -> l.labels(labels)).loss(b -> b.hardWeight(hard)).content(Content.NON_FINITE_WHERE_UNUSED)
                .options(o -> o.withLabels(ignored))
                .add(cases, ShapeCases.name(labels) + "-c" + classes + "-ignored" + ignored
                    + (hard == 0 ? "-soft-only" : ""));
          }
        }
      }
      for (long index : new long[] {-1, 0, 5}) {
        CaseBuilder.of(CaseGroup.LABELS).classes(10).layout(l -> l.labels(labels)).loss(b -> b.ignoreIndex(index))
            .options(o -> o.withLabels(0.4)).add(cases, ShapeCases.name(labels) + "-index" + index);
      }
    }
    CaseBuilder.of(CaseGroup.LABELS).classes(10).loss(b -> b.ignoreIndex(1L << 40)).options(o -> o.withLabels(0.4))
        .add(cases, "i64-index2^40");
  }

  private static void rowOptions(List<Case> cases) {
    for (int classes : new int[] {3, 16, 1000}) {
      for (String kind : new String[] {"forward-kl", "jsd:0.5"}) {
        Divergence divergence = Divergence.parse(kind);
        CaseBuilder.of(CaseGroup.ROW_WEIGHTS).classes(classes).loss(b -> b.divergence(divergence))
            .options(o -> o.withWeights().withLabels(0.2)).add(cases, kind + "-c" + classes);
        CaseBuilder.of(CaseGroup.ROW_TEMPERATURES).classes(classes).loss(b -> b.divergence(divergence))
            .options(RowOptions::withTemperatures).add(cases, kind + "-c" + classes);
        CaseBuilder.of(CaseGroup.ROW_TEMPERATURES).classes(classes)
            .loss(b -> b.divergence(divergence).temperatureScaling(false))
            .options(RowOptions::withTemperatures).add(cases, kind + "-c" + classes + "-unscaled");
      }
      CaseBuilder.of(CaseGroup.ROW_WEIGHTS).classes(classes).content(Content.NON_FINITE_WHERE_UNUSED)
          .options(o -> o.withWeights().withTemperatures().withLabels(0.2)).add(cases, "non-finite-c" + classes);
    }
    for (double scale : new double[] {0, -1, 0.125, 1024, 65536}) {
      for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.F16}) {
        CaseBuilder.of(CaseGroup.GRADIENT_SCALE).classes(33).dtype(dtype).options(o -> o.withGradientScale(scale))
            .add(cases, ShapeCases.name(dtype) + "-" + LossCases.number(scale));
      }
    }
  }

  private static void reductions(List<Case> cases) {
    for (Reduction reduction : Reduction.values()) {
      for (double ignored : new double[] {0, 0.4, 1}) {
        CaseBuilder.of(CaseGroup.REDUCTIONS).classes(10).loss(b -> b.reduction(reduction))
            .options(o -> o.withLabels(ignored).withWeights())
            .add(cases, reduction.label() + "-ignored" + ignored);
        if (reduction.isMean()) {
          CaseBuilder.of(CaseGroup.REDUCTIONS).classes(10).loss(b -> b.reduction(reduction))
              .options(o -> o.withLabels(ignored).withDenominator(123.5))
              .add(cases, reduction.label() + "-denominator-ignored" + ignored);
        }
      }
      CaseBuilder.of(CaseGroup.REDUCTIONS).classes(10).layout(l -> l.rows(0)).loss(b -> b.reduction(reduction))
          .add(cases, reduction.label() + "-no-rows");
      CaseBuilder.of(CaseGroup.REDUCTIONS).classes(3).layout(l -> l.rows(1500)).loss(b -> b.reduction(reduction))
          .add(cases, reduction.label() + "-1500-rows");
      CaseBuilder.of(CaseGroup.REDUCTIONS).classes(3).layout(l -> l.rows(10_000)).loss(b -> b.reduction(reduction))
          .options(o -> o.withLabels(0.3).withWeights()).add(cases, reduction.label() + "-10000-rows");
    }
  }

  private static void passes(List<Case> cases) {
    for (String kind : new String[] {"forward-kl", "jsd:0.3", "reverse-kl", "tvd"}) {
      for (int classes : new int[] {3, 17, 1000, 4097}) {
        Level level = classes == 17 ? Level.QUICK : Level.DEFAULT;
        Divergence divergence = Divergence.parse(kind);
        for (double temperature : new double[] {1, 2, 3, 10}) {
          CaseBuilder.of(CaseGroup.FORWARD_ONLY).level(level).classes(classes).method(EngineMethod.FORWARD)
              .loss(b -> b.divergence(divergence).temperature(temperature)).options(o -> o.withLabels(0.1))
              .add(cases, kind + "-c" + classes + "-T" + LossCases.number(temperature));
          CaseBuilder.of(CaseGroup.BACKWARD).level(level).classes(classes).method(EngineMethod.BACKWARD)
              .loss(b -> b.divergence(divergence).temperature(temperature))
              .options(o -> o.withLabels(0.1).withWeights())
              .add(cases, kind + "-c" + classes + "-T" + LossCases.number(temperature));
        }
      }
    }
    CaseBuilder.of(CaseGroup.BACKWARD).classes(100).method(EngineMethod.BACKWARD).content(Content.NEARLY_EQUAL)
        .soft(Divergence.forwardKl())
        .add(cases, "nearly-equal");
    CaseBuilder.of(CaseGroup.BACKWARD).classes(100).method(EngineMethod.BACKWARD).options(RowOptions::withTemperatures)
        .add(cases, "row-temperatures");
    CaseBuilder.of(CaseGroup.BACKWARD).classes(100).method(EngineMethod.BACKWARD).content(Content.NON_FINITE)
        .add(cases, "non-finite");
    CaseBuilder.of(CaseGroup.BACKWARD).classes(100).method(EngineMethod.BACKWARD).content(Content.ABSENT)
        .add(cases, "absent-classes");
    CaseBuilder.of(CaseGroup.BACKWARD).classes(100).method(EngineMethod.BACKWARD).options(o -> o.withInPlace(true))
        .add(cases, "in-place");
  }

  private static void refusals(List<Case> cases) {
    for (boolean inPlace : new boolean[] {false, true}) {
      String place = inPlace ? "-in-place" : "";
      for (int classes : new int[] {3, 100}) {
        CaseBuilder.of(CaseGroup.REFUSALS).check(Check.BAD_LABEL).classes(classes).options(o -> o.withInPlace(inPlace))
            .add(cases, "label-c" + classes + place);
        CaseBuilder.of(CaseGroup.REFUSALS).check(Check.BAD_LABEL).classes(classes).soft(Divergence.forwardKl())
            .options(o -> o.withLabels(0).withInPlace(inPlace)).add(cases, "label-soft-only-c" + classes + place);
        CaseBuilder.of(CaseGroup.REFUSALS).check(Check.BAD_WEIGHT).classes(classes)
            .options(o -> o.withWeights().withInPlace(inPlace))
            .add(cases, "weight-c" + classes + place);
        CaseBuilder.of(CaseGroup.REFUSALS).check(Check.BAD_TEMPERATURE).classes(classes)
            .options(o -> o.withTemperatures().withInPlace(inPlace)).add(cases, "temperature-c" + classes + place);
      }
    }
  }
}
