package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests, on each device, teachers over all classes that are not one row of logits for each row. */
class TeacherFormsTest extends EachDevice {

  private static final int ROWS = 4;
  private static final int CLASSES = 70;
  private static final double T = 2;

  private final SplittableRandom random = new SplittableRandom(5);
  private final float[] student = logits(ROWS, CLASSES);
  private final float[] teacher = logits(ROWS, CLASSES);

  enum Form { LOG_PROBABILITIES, PROBABILITIES, MIXTURE, ROW_INDEX, CLASS_MAP }

  /** Returns a teacher of the form with the distribution of {@link #teacher}. */
  private Teacher given(Form form) {
    return switch (form) {
      case LOG_PROBABILITIES -> Teacher.logProbabilities(matrix(logarithms(teacher)));
      case PROBABILITIES -> Teacher.probabilities(matrix(probabilities(teacher)));
      case MIXTURE -> Teacher.mixture(List.of(matrix(teacher), matrix(filled(Float.NaN)), matrix(teacher)),
          0.25, 0, 0.75);
      case ROW_INDEX -> Teacher.rowIndex(matrix(teacher), RowVector.labels(0, 1, 2, 3));
      case CLASS_MAP -> Teacher.classMap(matrix(teacher), RowVector.labels(IntStream.range(0, CLASSES).toArray()));
    };
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void everyFormOfOneDistributionGivesOneLoss(Form form) {
    for (String divergence : device.equals("emulator") ? List.of("forward-kl")
        : List.of("forward-kl", "reverse-kl", "mixed:0.3", "jsd:0.4", "skew-forward-kl:0.1", "skew-reverse-kl:0.1",
            "tvd", "nla")) {
      DistillationLoss loss = loss().divergence(Divergence.parse(divergence)).build();
      assertClose(run(loss, given(form)), run(loss, Teacher.logits(matrix(teacher))), divergence);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"ROW_INDEX", "CLASS_MAP"})
  void selectedLogitsGiveTheBitsOfTheseLogits(Form form) {
    Result expected = run(loss().build(), Teacher.logits(matrix(teacher)));
    Result found = run(loss().build(), given(form));
    assertThat(found.total).isEqualTo(expected.total);
    assertThat(found.gradient).isEqualTo(expected.gradient);
  }

  @Test
  void oneHotProbabilitiesGiveTheCrossEntropy() {
    float[] oneHot = new float[ROWS * CLASSES];
    int[] labels = {3, 0, CLASSES - 1, 17};
    for (int row = 0; row < ROWS; row++) {
      oneHot[row * CLASSES + labels[row]] = 1;
    }
    DistillationLoss soft = loss().temperature(1).build();
    DistillationLoss hard = loss().softWeight(0).hardWeight(1).build();
    float[] gradient = new float[ROWS * CLASSES];
    double total = engine().forwardBackward(hard, LossInputs.of(matrix(student)).withLabels(RowVector.labels(labels)),
        LossOutputs.gradient(matrix(gradient))).total();
    assertClose(run(soft, Teacher.probabilities(matrix(oneHot))), new Result(total, gradient), "one-hot");
  }

  @Test
  void severalRowsMayShareARowAndAnIgnoredRowHasNone() {
    float[] shared = teacher.clone();
    System.arraycopy(teacher, CLASSES, shared, 0, CLASSES);
    System.arraycopy(teacher, CLASSES, shared, 3 * CLASSES, CLASSES);
    LossInputs inputs = LossInputs.of(matrix(student)).withLabels(RowVector.labels(1, 5, -100, 2));
    Result expected = run(loss().build(), inputs.withTeacher(Teacher.logits(matrix(shared))));
    Teacher two = Teacher.rowIndex(HostMatrix.of(Arrays.copyOf(teacher, 2 * CLASSES), 2, CLASSES),
        RowVector.labels(1, 1, -1, 1));
    assertThat(run(loss().build(), inputs.withTeacher(two)).gradient).isEqualTo(expected.gradient);
  }

  @Test
  void theMassOnColumnsWithoutAClassIsThatOfTheWholeTeacher() {
    int columns = 90;
    float[] wide = logits(ROWS, columns);
    int[] map = IntStream.range(0, CLASSES).map(i -> i % 9 == 4 ? -1 : (i * 31 + 7) % columns).toArray();
    float[] found = new float[ROWS];
    LossInputs inputs = LossInputs.of(matrix(student)).withLabels(RowVector.labels(1, 5, -100, 2))
        .withTeacher(Teacher.classMap(HostMatrix.of(wide, ROWS, columns), RowVector.labels(map)));
    float[] gradient = new float[ROWS * CLASSES];
    engine().forwardBackward(loss().build(), inputs, LossOutputs.gradient(matrix(gradient))
        .withRow(RowOutput.UNMAPPED_MASS, RowVector.losses(found))).totals();
    for (int row = 0; row < ROWS; row++) {
      int from = row * columns;
      double all = IntStream.range(0, columns).mapToDouble(c -> Math.exp(wide[from + c] / T)).sum();
      double taken = Arrays.stream(map).filter(c -> c >= 0).mapToDouble(c -> Math.exp(wide[from + c] / T)).sum();
      assertThat((double) found[row]).isCloseTo(row == 2 ? 0 : 1 - taken / all, within(1e-6));
    }
    for (int i = 0; i < CLASSES; i++) {
      assertThat(gradient[2 * CLASSES + i]).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void savedStatisticsGiveTheGradientOfOneCall(Form form) {
    DistillationLoss loss = loss().hardWeight(0.5).build();
    LossInputs inputs = LossInputs.of(matrix(student)).withTeacher(given(form))
        .withLabels(RowVector.labels(1, 5, -100, 2));
    float[] together = new float[ROWS * CLASSES];
    engine().forwardBackward(loss, inputs, LossOutputs.gradient(matrix(together))).totals();
    float[] apart = new float[ROWS * CLASSES];
    try (RowStatistics statistics = engine().allocateStatistics(ROWS)) {
      engine().forward(loss, inputs, LossOutputs.none().withStatistics(statistics)).totals();
      engine().backward(loss, inputs, statistics, LossOutputs.gradient(matrix(apart)));
    }
    for (int i = 0; i < apart.length; i++) {
      assertThat(apart[i]).isCloseTo(together[i], within(1e-6f));
    }
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void aPreparedCallMayRunAgain(Form form) {
    float[] gradient = new float[ROWS * CLASSES];
    LossInputs inputs = LossInputs.of(matrix(student)).withTeacher(given(form));
    try (PreparedLoss prepared = engine().prepare(loss().build(), inputs, LossOutputs.gradient(matrix(gradient)))) {
      prepared.launch();
      double first = prepared.totals().total();
      prepared.launch();
      assertThat(prepared.totals().total()).isEqualTo(first);
    }
    assertThat(gradient).isEqualTo(run(loss().build(), given(form)).gradient);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void standardisedTeachersOfAMixtureAreStandardisedEach(boolean flat) {
    float[] scaled = teacher.clone();
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = flat ? 1 : 3 * scaled[i] + 1;
    }
    DistillationLoss loss = loss().standardise(true).build();
    Result found = run(loss, Teacher.mixture(List.of(matrix(teacher), matrix(scaled)), 0.5, 0.5));
    if (flat) {
      assertThat(found.total).isZero();
      assertThat(found.gradient).containsOnly(0);
    } else {
      assertClose(found, run(loss, Teacher.logits(matrix(teacher))), "standardised");
    }
  }

  @Test
  void aRowWithAnotherMassIsNamedAndBecomesNan() {
    float[] logs = logarithms(teacher);
    for (int c = 0; c < CLASSES; c++) {
      logs[2 * CLASSES + c] += 0.01f;
      logs[3 * CLASSES + c] += 0.02f;
    }
    float[] gradient = new float[ROWS * CLASSES];
    assertThatThrownBy(() -> run(loss().build(), Teacher.logProbabilities(matrix(logs)), gradient))
        .isInstanceOf(LossArgumentException.class)
        .hasMessageContainingAll("teacher: row 2 has the mass 1.01", "expected 1", "log-probabilities");
    assertThat(gradient[CLASSES]).isFinite();
    assertThat(Arrays.copyOfRange(gradient, 2 * CLASSES, 4 * CLASSES)).containsOnly(Float.NaN);
    // The failed call must not affect the next one.
    run(loss().build(), given(Form.LOG_PROBABILITIES));
  }

  @Test
  void probabilitiesAreNotNegative() {
    float[] p = probabilities(teacher);
    p[CLASSES + 7] = -0.25f;
    assertThatThrownBy(() -> run(loss().build(), Teacher.probabilities(matrix(p))))
        .hasMessageContaining("teacher: row 1, column 7 has the probability -0.25");
    assertThatThrownBy(() -> run(loss().build(), Teacher.probabilities(matrix(teacher)))).hasMessageContaining(
        "has the probability");
  }

  @Test
  void rowsThatDoNotContributeMayHaveAnyMass() {
    float[] logs = logarithms(teacher);
    Arrays.fill(logs, 2 * CLASSES, 3 * CLASSES, Float.NaN);
    Arrays.fill(logs, 0, CLASSES, 5);
    LossInputs inputs = LossInputs.of(matrix(student)).withLabels(RowVector.labels(1, 5, -100, 2))
        .withRowWeights(RowVector.weights(0, 1, 1, 1)).withTeacher(Teacher.logProbabilities(matrix(logs)));
    assertThat(run(loss().build(), inputs).total).isFinite();
  }

  @Test
  void aRowWithNanIsNanWithoutAnError() {
    float[] p = probabilities(teacher);
    p[CLASSES] = Float.NaN;
    float[] gradient = new float[ROWS * CLASSES];
    LossTotals totals = run(loss().build(), Teacher.probabilities(matrix(p)), gradient);
    assertThat(totals.nonFiniteRows()).isEqualTo(1);
    assertThat(Arrays.copyOfRange(gradient, CLASSES, 2 * CLASSES)).containsOnly(Float.NaN);
    assertThat(gradient[0]).isFinite();
  }

  @Test
  void anInvalidIndexOrMapIsNamedAndNothingIsWritten() {
    int[] map = IntStream.range(0, CLASSES).toArray();
    map[5] = 3;
    assertNothingWritten(Teacher.classMap(matrix(teacher), RowVector.labels(map)),
        "class_map: classes 3 and 5 both have column 3");
    int[] outside = IntStream.range(0, CLASSES).toArray();
    outside[6] = CLASSES;
    assertNothingWritten(Teacher.classMap(matrix(teacher), RowVector.labels(outside)),
        "class_map: class 6 has column 70", "0 to 69");
    assertNothingWritten(Teacher.rowIndex(matrix(teacher), RowVector.labels(0, 4, 7, 0)),
        "teacher_row_index: row 1 has index 4", "0 to 3");
    assertNothingWritten(Teacher.rowIndex(matrix(teacher), RowVector.labels(0, 1, -1, 0)),
        "teacher_row_index: row 2 has index -1", "ignored rows only");
  }

  private void assertNothingWritten(Teacher given, String... words) {
    float[] gradient = filled(7);
    assertThatThrownBy(() -> run(loss().build(), given, gradient)).isInstanceOf(LossArgumentException.class)
        .hasMessageContainingAll(words);
    assertThat(gradient).containsOnly(7);
  }

  @SuppressWarnings("ArrayRecordComponent") // compared element by element
  private record Result(double total, float[] gradient) {}

  private static void assertClose(Result found, Result expected, String name) {
    assertThat(found.total).as(name).isCloseTo(expected.total, within(2e-6 * Math.max(1, expected.total)));
    for (int i = 0; i < expected.gradient.length; i++) {
      assertThat(found.gradient[i]).as(name + " " + i).isCloseTo(expected.gradient[i], within(2e-6f));
    }
  }

  private Result run(DistillationLoss loss, Teacher given) {
    return run(loss, LossInputs.of(matrix(student)).withTeacher(given));
  }

  private Result run(DistillationLoss loss, LossInputs inputs) {
    float[] gradient = new float[ROWS * CLASSES];
    return new Result(engine().forwardBackward(loss, inputs, LossOutputs.gradient(matrix(gradient))).total(), gradient);
  }

  private LossTotals run(DistillationLoss loss, Teacher given, float[] gradient) {
    return engine().forwardBackward(loss, LossInputs.of(matrix(student)).withTeacher(given),
        LossOutputs.gradient(matrix(gradient))).totals();
  }

  private static DistillationLoss.Builder loss() {
    return DistillationLoss.builder().temperature(T);
  }

  private static HostMatrix matrix(float[] values) {
    return HostMatrix.of(values, values.length / CLASSES, CLASSES);
  }

  private static float[] filled(float value) {
    float[] values = new float[ROWS * CLASSES];
    Arrays.fill(values, value);
    return values;
  }

  private static float[] logarithms(float[] logits) {
    float[] logs = new float[logits.length];
    for (int row = 0; row < ROWS; row++) {
      int from = row * CLASSES;
      double sum = IntStream.range(0, CLASSES).mapToDouble(c -> Math.exp(logits[from + c] / T)).sum();
      for (int c = 0; c < CLASSES; c++) {
        logs[from + c] = (float) (logits[from + c] / T - Math.log(sum));
      }
    }
    return logs;
  }

  private static float[] probabilities(float[] logits) {
    float[] p = logarithms(logits);
    for (int i = 0; i < p.length; i++) {
      p[i] = (float) Math.exp(p[i]);
    }
    return p;
  }

  private float[] logits(int rows, int classes) {
    float[] values = new float[rows * classes];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(-3, 3);
    }
    return values;
  }
}
