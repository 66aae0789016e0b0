package dev.temper;

import static dev.temper.Outcome.assertNear;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests the derivative of the total with respect to the temperature on every engine. */
class TemperatureDerivativeTest extends EachDevice {

  private static final int CLASSES = 1_203;
  private static final int ROWS = 5;

  private static final DistillationLoss LOSS = DistillationLoss.hinton(2, 0.75);

  private static final Map<String, UnaryOperator<DistillationLoss.Builder>> OPTIONS = new LinkedHashMap<>();

  static {
    OPTIONS.put("plain", b -> b);
    OPTIONS.put("no scaling", b -> b.temperatureScaling(false));
    OPTIONS.put("teacher temperature", b -> b.teacherTemperature(1.4));
    OPTIONS.put("teacher temperature equal to the student's", b -> b.teacherTemperature(2));
    OPTIONS.put("sum", b -> b.reduction(Reduction.SUM));
    OPTIONS.put("none", b -> b.reduction(Reduction.NONE));
  }

  static Set<String> options() {
    return OPTIONS.keySet();
  }

  /** Returns a batch whose last row is ignored. One row has a negative weight, and one the weight 0. */
  private static LossInputs inputs(float[] student, float[] teacher) {
    return LossInputs.of(HostMatrix.of(student, ROWS, CLASSES))
        .withTeacher(Teacher.logits(HostMatrix.of(teacher, ROWS, CLASSES)))
        .withLabels(RowVector.labels(0, 1, 2, 3, -100)).withRowWeights(RowVector.weights(1, -0.5f, 2, 0, 3));
  }

  private static float[] logits(long seed) {
    Random random = new Random(seed);
    float[] logits = new float[ROWS * CLASSES];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (3 * random.nextGaussian() + i / CLASSES * 100);
    }
    return logits;
  }

  private static double derivative(LossEngine engine, DistillationLoss loss, LossInputs inputs) {
    LossTotals totals = engine.forward(loss, inputs, LossOutputs.none().withTemperatureGradient()).totals();
    return totals.temperatureGradient().orElseThrow();
  }

  @ParameterizedTest
  @MethodSource("options")
  void itAgreesWithTheReference(String option) {
    DistillationLoss loss = Objects.requireNonNull(OPTIONS.get(option)).apply(LOSS.toBuilder()).build();
    LossInputs inputs = inputs(logits(1), logits(2));
    double expected = derivative(oracle(), loss, inputs);
    assertNear(option, derivative(engine(), loss, inputs), expected, 1e-5 * Math.abs(expected));
  }

  @Test
  void itComesWithTheGradientOfTheLogitsAndChangesNothingElse() {
    LossInputs inputs = inputs(logits(1), logits(2));
    try (Arena arena = Arena.ofConfined()) {
      HostMatrix with = Batch.filled(arena, ROWS, CLASSES, DType.F32);
      HostMatrix without = Batch.filled(arena, ROWS, CLASSES, DType.F32);
      LossTotals totals =
          engine().forwardBackward(LOSS, inputs, LossOutputs.gradient(with).withTemperatureGradient()).totals();
      LossTotals others = engine().forwardBackward(LOSS, inputs, LossOutputs.gradient(without)).totals();
      assertThat(totals.total()).isEqualTo(others.total());
      assertThat(others.temperatureGradient()).isEmpty();
      assertThat(Batch.values(with)).isDeepEqualTo(Batch.values(without));
      assertThat(totals.temperatureGradient()).hasValue(derivative(engine(), LOSS, inputs));
    }
  }

  @Test
  void itIsExactlyZeroForAStudentThatEqualsItsTeacher() {
    assertThat(derivative(engine(), LOSS, inputs(logits(3), logits(3)))).isZero();
  }

  /** Tests a class that is as probable as all others together, so that the mean is between two distant values. */
  @Test
  void aLikelyClassFarFromTheMeanCostsNoDigits() {
    float[] student = logits(1);
    float[] teacher = logits(2);
    for (int row = 0; row < ROWS; row++) {
      student[row * CLASSES + 5] += 30;
      teacher[row * CLASSES + 5] += 30;
    }
    DistillationLoss loss = LOSS.toBuilder().temperature(4).build();
    LossInputs inputs = inputs(student, teacher);
    double expected = derivative(oracle(), loss, inputs);
    assertNear("dL/dT", derivative(engine(), loss, inputs), expected, 1e-5 * Math.max(1, Math.abs(expected)));
  }

  @Test
  void absentClassesAddNothingAndAnInfiniteRowMakesItNaN() {
    float[] student = logits(1);
    float[] teacher = logits(2);
    for (int row = 0; row < ROWS; row++) {
      student[row * CLASSES + 9] = teacher[row * CLASSES + 9] = ABSENT;
      teacher[row * CLASSES + 700 + row] = ABSENT;
    }
    LossInputs inputs = inputs(student, teacher);
    double expected = derivative(oracle(), LOSS, inputs);
    assertNear("dL/dT", derivative(engine(), LOSS, inputs), expected, 1e-5 * Math.abs(expected));
    student[20] = ABSENT;
    assertThat(derivative(engine(), LOSS, inputs(student, teacher))).isNaN();
  }
}
