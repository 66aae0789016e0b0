package dev.temper.tools.verify;

import dev.temper.Divergence;
import dev.temper.LossArgumentException;
import dev.temper.tools.verify.FamilyChoices.Change;
import dev.temper.tools.verify.RowOptions.Given;
import java.util.ArrayList;
import java.util.List;

/** Cases of the teachers that are not one row of logits for each row: each kind, pairwise with the other choices. */
final class TeacherCases {

  private static final long SEED = 20261128;
  private static final int ROUNDS = 4;

  /** One case of so many is quick: the emulator compiles a kernel for most of them. */
  private static final int QUICK = 24;

  private record Kind(TeacherKind teacher, CaseGroup group) {}

  private static final List<Kind> KINDS = List.of(
      new Kind(TeacherKind.LOG_PROBABILITIES, CaseGroup.TEACHER_LOG_PROBABILITIES),
      new Kind(TeacherKind.PROBABILITIES, CaseGroup.TEACHER_PROBABILITIES),
      new Kind(TeacherKind.MIXTURE, CaseGroup.TEACHER_MIXTURE),
      new Kind(TeacherKind.ROW_INDEX, CaseGroup.TEACHER_ROW_INDEX),
      new Kind(TeacherKind.CLASS_MAP, CaseGroup.TEACHER_CLASS_MAP));

  /** The choice of the rows takes longer than a run of small cases, so that it is made once. */
  private static final List<Case> COMBINATIONS = combinations();

  private TeacherCases() {}

  static void add(List<Case> cases) {
    cases.addAll(COMBINATIONS);
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
    int[] sizes = new int[parameters.size() + 3];
    for (int i = 0; i < parameters.size(); i++) {
      sizes[i] = parameters.get(i).size();
    }
    int first = parameters.size();
    sizes[first] = FamilyChoices.DIVERGENCES.size();
    sizes[first + 1] = FamilyChoices.CONTENTS.size();
    sizes[first + 2] = KINDS.size();
    List<int[]> rows = Pairwise.of(SEED + round, sizes);
    for (int number = 0; number < rows.size(); number++) {
      int[] row = rows.get(number);
      String divergence = FamilyChoices.DIVERGENCES.get(row[first]);
      Kind kind = KINDS.get(row[first + 2]);
      List<Case> one = new ArrayList<>();
      Level level = round > 0 ? Level.FULL : number % QUICK > 0 ? Level.DEFAULT : Level.QUICK;
      try {
        CaseBuilder builder = CaseBuilder.of(kind.group).level(level).soft(Divergence.parse(divergence))
            .content(FamilyChoices.CONTENTS.get(row[first + 1])).options(o -> o.withTeacher(kind.teacher));
        for (int i = 0; i < parameters.size(); i++) {
          builder = parameters.get(i).get(row[i]).apply(builder);
        }
        builder.add(one, divergence + "-" + round + "." + number);
      } catch (LossArgumentException e) {
        continue; // options that exclude each other
      }
      one.stream().filter(c -> !FamilyChoices.isExcluded(c) && !isExcluded(c)).forEach(cases::add);
    }
  }

  /** Whether the teacher and the options exclude each other, or the bound of the teacher would be above 1. */
  private static boolean isExcluded(Case c) {
    TeacherKind kind = c.options().teacher();
    boolean isGiven = kind == TeacherKind.LOG_PROBABILITIES || kind == TeacherKind.PROBABILITIES;
    Divergence divergence = c.loss().divergence();
    boolean noLogits = kind != TeacherKind.ROW_INDEX && divergence instanceof Divergence.LogitMse
        || kind == TeacherKind.MIXTURE && divergence instanceof Divergence.Dkd;
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
