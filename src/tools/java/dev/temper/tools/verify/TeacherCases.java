package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.Reduction;
import dev.temper.tools.verify.FamilyChoices.Change;
import dev.temper.tools.verify.RowOptions.Given;
import java.util.ArrayList;
import java.util.List;

/** Cases of the kinds of teachers other than one row of logits for each row, pairwise with the other choices. */
final class TeacherCases {

  private static final long SEED = 20261128;
  private static final int ROUNDS = 4;

  private record Kind(TeacherKind teacher, CaseGroup group) {}

  private static final List<Kind> KINDS = List.of(
      new Kind(TeacherKind.LOG_PROBABILITIES, CaseGroup.TEACHER_LOG_PROBABILITIES),
      new Kind(TeacherKind.PROBABILITIES, CaseGroup.TEACHER_PROBABILITIES),
      new Kind(TeacherKind.MIXTURE, CaseGroup.TEACHER_MIXTURE),
      new Kind(TeacherKind.ROW_INDEX, CaseGroup.TEACHER_ROW_INDEX),
      new Kind(TeacherKind.CLASS_MAP, CaseGroup.TEACHER_CLASS_MAP));

  /** The combinations are computed once, because their choice takes longer than a run of small cases. */
  private static final List<Case> COMBINATIONS = combinations();

  private TeacherCases() {}

  static void add(List<Case> cases) {
    KINDS.forEach(kind -> single(cases, kind));
    cases.addAll(COMBINATIONS);
  }

  /** There are few quick cases, because the emulator compiles a kernel for most of them. */
  private static void single(List<Case> cases, Kind kind) {
    one(kind, 33).options(o -> o.withLabels(0.2).withWeights().with(Given.ROW_OUTPUTS)).add(cases, "outputs-c33");
    one(kind, 100).soft(Divergence.jensenShannon(0.3)).layout(l -> l.dtypes(DType.BF16, DType.F16, DType.F32))
        .add(cases, "jsd-bf16-f16-c100");
    // Long rows have another kernel, which may lack the code for a row index.
    one(kind, 20_000).level(kind.teacher == TeacherKind.ROW_INDEX ? Level.QUICK : Level.DEFAULT).add(cases, "c20000");
    one(kind, 100).level(Level.DEFAULT).soft(Divergence.forwardKl()).content(Content.NEARLY_EQUAL)
        .add(cases, "nearly-equal-c100");
    one(kind, 4097).level(Level.DEFAULT).dtype(DType.BF16).padded(5, 3).add(cases, "padded-bf16-c4097");
    one(kind, 1000).level(Level.DEFAULT).content(Content.SHARP).options(RowOptions::withTemperatures)
        .add(cases, "row-temperatures-c1000");
    for (String divergence : List.of("forward-kl", "reverse-kl", "jsd:0.3", "skew-forward-kl:0.1", "tvd", "nla")) {
      if (kind.teacher == TeacherKind.CLASS_MAP && divergence.equals("reverse-kl")) {
        continue; // infinite, because the teacher lacks a class
      }
      one(kind, 10).level(Level.DEFAULT).check(Check.DIFFERENCES).layout(l -> l.rows(5))
          .loss(b -> b.divergence(Divergence.parse(divergence)).reduction(Reduction.SUM))
          .add(cases, "differences-" + divergence);
    }
  }

  private static CaseBuilder one(Kind kind, int classes) {
    return CaseBuilder.of(kind.group).classes(classes).options(o -> o.withTeacher(kind.teacher));
  }

  private static List<Case> combinations() {
    List<Case> cases = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      pairwise(cases, round);
    }
    return List.copyOf(cases);
  }

  private static void pairwise(List<Case> cases, int round) {
    List<List<Change>> parameters = List.of(FamilyChoices.CLASSES, FamilyChoices.DTYPES, FamilyChoices.TEMPERATURES,
        FamilyChoices.LOGITS, FamilyChoices.HARD, FamilyChoices.LABELS, FamilyChoices.WEIGHTS,
        FamilyChoices.GRADIENTS, FamilyChoices.LAYOUTS, FamilyChoices.OUTPUTS);
    new Combinations(parameters, KINDS.size(), (_, kind) -> CaseBuilder.of(KINDS.get(kind).group)
        .level(round > 0 ? Level.FULL : Level.DEFAULT).options(o -> o.withTeacher(KINDS.get(kind).teacher)),
        c -> !FamilyChoices.isExcluded(c) && !isExcluded(c)).add(cases, SEED, round);
  }

  /** Whether the teacher and the options exclude each other, or the bound of the teacher would be above 1. */
  private static boolean isExcluded(Case c) {
    TeacherKind kind = c.options().teacher();
    boolean isGiven = kind == TeacherKind.LOG_PROBABILITIES || kind == TeacherKind.PROBABILITIES;
    Divergence divergence = c.loss().divergence();
    boolean noLogits = (kind != TeacherKind.ROW_INDEX && divergence instanceof Divergence.LogitMse)
        || (kind == TeacherKind.MIXTURE && divergence instanceof Divergence.Dkd);
    boolean needsLogits = isGiven && (c.loss().standardise() || c.loss().teacherSoftcap().isPresent()
        || c.loss().teacherTemperature().isPresent());
    boolean noDerivative = kind.isAtTemperature() && c.options().has(Given.TEMPERATURE_GRADIENT);
    // A row without a finite logit has no mass, which is an error.
    boolean noMass = isGiven && c.content() == Content.NON_FINITE;
    boolean rounds = (kind == TeacherKind.MIXTURE || kind == TeacherKind.PROBABILITIES)
        && (c.loss().temperature() < 1e-3 || c.content() == Content.LOWEST);
    return noLogits || needsLogits || noDerivative || noMass || rounds;
  }
}
