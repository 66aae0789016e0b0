package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.SoftValue;
import dev.temper.tools.verify.FamilyChoices.Change;
import dev.temper.tools.verify.RowOptions.Given;
import java.util.ArrayList;
import java.util.List;

/** Cases of single options, and pairwise combinations of divergence, dtype, storage and options. */
final class FamilyCases {

  private static final long SEED = 20261127;

  /**
   * Rounds of pairwise combinations. An excluded row leaves its pairs uncovered, so later rounds cover the pairs again
   * with other rows. Only the first round runs on engines that compile a kernel for a case.
   */
  private static final int ROUNDS = 16;

  /** The combinations are computed once, because their choice takes longer than a run of small cases. */
  private static final List<Case> COMBINATIONS = combinations();

  private FamilyCases() {}

  static void add(List<Case> cases) {
    single(cases);
    accuracy(cases);
    cases.addAll(COMBINATIONS);
  }

  private static List<Case> combinations() {
    List<Case> cases = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      pairwise(cases, round);
    }
    return List.copyOf(cases);
  }

  private static void single(List<Case> cases) {
    for (int classes : new int[] {3, 33, 1000}) {
      Level level = classes == 33 ? Level.QUICK : Level.DEFAULT;
      String size = "-c" + classes;
      one(CaseGroup.OPTIONS, level, classes).loss(b -> b.teacherSoftcap(5)).add(cases, "teacher-softcap" + size);
      one(CaseGroup.OPTIONS, level, classes).loss(b -> b.zLoss(0.1)).add(cases, "z-loss" + size);
      one(CaseGroup.OPTIONS, level, classes).loss(b -> b.standardise(true)).add(cases, "standardise" + size);
      one(CaseGroup.OPTIONS, level, classes).soft(Divergence.forwardKl())
          .loss(b -> b.softValue(SoftValue.CROSS_ENTROPY)).add(cases, "soft-cross-entropy" + size);
      one(CaseGroup.ROW_OUTPUTS, level, classes).options(o -> o.with(Given.ROW_OUTPUTS).withLabels(0.2))
          .add(cases, "all" + size);
      one(CaseGroup.TEMPERATURE_GRADIENT, level, classes).options(o -> o.with(Given.TEMPERATURE_GRADIENT))
          .add(cases, "dT" + size);
      one(CaseGroup.GRADIENT_ADDED, level, classes).options(o -> o.with(Given.ADDED).withLabels(0.2).withWeights())
          .add(cases, "added" + size);
      for (FamilyChoices.Change change : FamilyChoices.REDUCTIONS.subList(4, 8)) {
        CaseBuilder builder = one(CaseGroup.REDUCTIONS, level, classes);
        change.apply(FamilyChoices.LABELS.get(3).apply(builder))
            .add(cases, "ignore-hard-" + FamilyChoices.REDUCTIONS.indexOf(change) + size);
      }
      one(CaseGroup.ROW_WEIGHTS, level, classes).options(o -> o.with(Given.NEGATIVE_WEIGHTS).withLabels(0.2))
          .add(cases, "negative" + size);
      one(CaseGroup.LAYOUTS, level, classes).options(o -> o.with(Given.REPEATED_STUDENT))
          .add(cases, "row-stride-0-student" + size);
      one(CaseGroup.LAYOUTS, level, classes).options(o -> o.with(Given.REPEATED_TEACHER))
          .add(cases, "row-stride-0-teacher" + size);
    }
  }

  private static CaseBuilder one(CaseGroup group, Level level, int classes) {
    return CaseBuilder.of(group).level(level).classes(classes);
  }

  /** Adds the soft part alone, without options, for the table in docs/accuracy.md. */
  private static void accuracy(List<Case> cases) {
    for (String kind : FamilyChoices.DIVERGENCES) {
      for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.F16}) {
        for (int classes : new int[] {10, 100, 1000, 4097}) {
          for (double temperature : new double[] {1, 2, 4}) {
            CaseBuilder.of(CaseGroup.ACCURACY).check(Check.ACCURACY).level(Level.FULL).classes(classes).dtype(dtype)
                .soft(Divergence.parse(kind)).loss(b -> b.temperature(temperature)).options(o -> o.withLabels(0))
                .add(cases, kind + "-" + ShapeCases.name(dtype) + "-c" + classes + "-T"
                    + LossCases.number(temperature));
          }
        }
      }
    }
  }

  private static void pairwise(List<Case> cases, int round) {
    List<List<Change>> parameters = List.of(FamilyChoices.CLASSES, FamilyChoices.DTYPES, FamilyChoices.TEMPERATURES,
        FamilyChoices.LOGITS, FamilyChoices.HARD, FamilyChoices.LABELS, FamilyChoices.WEIGHTS, FamilyChoices.REDUCTIONS,
        FamilyChoices.GRADIENTS, FamilyChoices.LAYOUTS, FamilyChoices.OUTPUTS);
    new Combinations(parameters, 0, (number, _) -> CaseBuilder.of(CaseGroup.COMBINATIONS)
        .level(round > 0 ? Level.FULL : number % 10 > 0 ? Level.DEFAULT : Level.QUICK),
        c -> !FamilyChoices.isExcluded(c)).add(cases, SEED, round);
  }
}
