package dev.temper.tools.verify;

import static dev.temper.tools.verify.ShapeCases.name;

import dev.temper.ChunkLogits;
import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.IgnoreScope;
import dev.temper.Reduction;
import dev.temper.tools.verify.RowOptions.Given;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.UnaryOperator;

/**
 * The cases of linear heads. All numbers of features and classes are odd, so that no row is aligned. A head does not
 * depend on the divergence, so that each divergence has one dtype.
 */
final class HeadCases {

  private static final int FEATURES = 13;
  private static final int TEACHER_FEATURES = 21;
  private static final int CLASSES = 61;

  private HeadCases() {}

  static List<HeadCase> all() {
    List<HeadCase> cases = new ArrayList<>();
    gradients(cases);
    chunks(cases);
    options(cases);
    cases.add(HeadCase.of(loss(CaseGroup.HEAD_DIFFERENCES, "f32", 5, b -> b.layout(l -> Layout.of(5, 7))), 3, 4, 2));
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      cases.add(HeadCase.of(loss(CaseGroup.HEAD_RERUN, name(dtype), 19,
          b -> b.layout(l -> Layout.of(19, 1031)).dtype(dtype)), 131, TEACHER_FEATURES, 7));
    }
    return cases;
  }

  private static void gradients(List<HeadCase> cases) {
    add(cases, Divergence.reverseKl(), DType.F32);
    add(cases, Divergence.jensenShannon(0.3), DType.BF16);
    add(cases, Divergence.totalVariation(), DType.F16);
    add(cases, Divergence.logitMse(), DType.F32);
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
      add(cases, Divergence.forwardKl(), dtype);
      cases.add(HeadCase.of(loss(CaseGroup.HEAD_GRADIENTS, "f32-gradients-" + name(dtype), 11, b -> b.dtype(dtype)),
          FEATURES, TEACHER_FEATURES, 4).withGradient(DType.F32).withoutBias());
    }
    cases.add(HeadCase.of(loss(CaseGroup.HEAD_GRADIENTS, "other-dtypes", 11,
        b -> b.layout(l -> l.dtypes(DType.BF16, DType.F32, DType.BF16))), FEATURES, TEACHER_FEATURES, 4));
    cases.add(HeadCase.of(loss(CaseGroup.HEAD_GRADIENTS, "teacher-logits", 11, b -> b), FEATURES, 0, 4));
    cases.add(HeadCase.of(loss(CaseGroup.HEAD_GRADIENTS, "cross-entropy", 11,
        b -> b.loss(l -> l.softWeight(0).hardWeight(1))), FEATURES, 0, 4));
    cases.add(HeadCase.of(loss(CaseGroup.HEAD_GRADIENTS, "wide", 9, b -> b.layout(l -> Layout.of(9, 2051))), 129, 65,
        5));
  }

  private static void add(List<HeadCase> cases, Divergence divergence, DType dtype) {
    cases.add(HeadCase.of(loss(CaseGroup.HEAD_GRADIENTS, divergence.label().replace(':', '-') + "-" + name(dtype), 11,
        b -> b.dtype(dtype).loss(l -> l.divergence(divergence))), FEATURES, TEACHER_FEATURES, 4));
  }

  private static void chunks(List<HeadCase> cases) {
    for (DType dtype : List.of(DType.F32, DType.F16)) {
      for (int chunkRows : new int[] {1, 2, 3, 64}) {
        cases.add(HeadCase.of(loss(CaseGroup.HEAD_CHUNKS, "rows7-chunk" + chunkRows + "-" + name(dtype), 7,
            b -> b.dtype(dtype)), FEATURES, TEACHER_FEATURES, chunkRows));
      }
      cases.add(HeadCase.of(loss(CaseGroup.HEAD_CHUNKS, "rows1-" + name(dtype), 1, b -> b.dtype(dtype)), FEATURES,
          TEACHER_FEATURES, 64));
      cases.add(HeadCase.of(loss(CaseGroup.HEAD_CHUNKS, "rows0-" + name(dtype), 0, b -> b.dtype(dtype)), FEATURES,
          TEACHER_FEATURES, 64));
    }
    cases.add(HeadCase.of(loss(CaseGroup.HEAD_CHUNKS, "features1-classes1", 5, b -> b.layout(l -> Layout.of(5, 1))), 1,
        1, 2));
  }

  private static void options(List<HeadCase> cases) {
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      add(cases, "ignored-" + name(dtype), b -> b.dtype(dtype).options(o -> o.withLabels(0.4).withGradientScale(-8)));
      add(cases, "added-" + name(dtype), b -> b.dtype(dtype).options(o -> o.with(Given.ADDED)));
      add(cases, "padded-" + name(dtype), b -> b.dtype(dtype).padded(3, 6));
    }
    add(cases, "all-ignored", b -> b.options(o -> o.withLabels(1.1)));
    add(cases, "ignore-scope-hard", b -> b.loss(l -> l.ignoreScope(IgnoreScope.HARD))
        .options(o -> o.withLabels(0.4)));
    add(cases, "weights", b -> b.options(o -> o.with(Given.NEGATIVE_WEIGHTS)));
    add(cases, "row-temperatures", b -> b.options(RowOptions::withTemperatures));
    add(cases, "two-denominators", b -> b.dtype(DType.F16)
        .options(o -> o.withDenominators(OptionalDouble.of(3000), OptionalDouble.of(70_000))));
    add(cases, "denominators-in-memory", b -> b.options(o -> o.withLabels(0.4).withGradientScale(-8)
        .withDenominators(OptionalDouble.of(9), OptionalDouble.of(5)).with(Given.DENOMINATORS_IN_MEMORY)));
    add(cases, "sum", b -> b.loss(l -> l.reduction(Reduction.SUM)));
    add(cases, "none", b -> b.loss(l -> l.reduction(Reduction.NONE)));
    add(cases, "placed", b -> b.layout(l -> l.placed(5, 3, 1, true)));
    for (DType dtype : List.of(DType.BF16, DType.F16)) {
      cases.add(HeadCase.of(loss(CaseGroup.HEAD_OPTIONS, "chunk-logits-" + name(dtype), 11, b -> b.dtype(dtype)),
          FEATURES, TEACHER_FEATURES, 4).with(ChunkLogits.OF_HEAD));
    }
  }

  private static void add(List<HeadCase> cases, String name, UnaryOperator<CaseBuilder> change) {
    cases.add(HeadCase.of(loss(CaseGroup.HEAD_OPTIONS, name, 11, change), FEATURES, TEACHER_FEATURES, 4));
  }

  /** The loss of a case with {@code rows} rows of {@value #CLASSES} classes, unless the change gives other sizes. */
  private static Case loss(CaseGroup group, String name, int rows, UnaryOperator<CaseBuilder> change) {
    List<Case> one = new ArrayList<>();
    change.apply(CaseBuilder.of(group).layout(l -> Layout.of(rows, CLASSES))).add(one, name);
    return one.getFirst();
  }
}
