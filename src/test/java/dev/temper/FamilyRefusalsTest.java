package dev.temper;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.function.UnaryOperator;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the messages for options of the family that are out of range or exclude each other. */
class FamilyRefusalsTest {

  private static final HostMatrix MATRIX = HostMatrix.of(new float[6], 2, 3);
  private static final LossInputs INPUTS = LossInputs.of(MATRIX).withTeacher(Teacher.logits(MATRIX));

  private final LossEngine engine = LossEngine.open("reference");

  @AfterEach
  void close() {
    engine.close();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void theTeachersSoftcapIsFiniteAndAboveZero(double bad) {
    assertRefused(() -> loss(b -> b.teacherSoftcap(bad))).hasMessageContainingAll("teacherSoftcap is " + bad,
        "finite number above 0");
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1e-4, Double.NaN, Double.POSITIVE_INFINITY})
  void theZLossIsFiniteAndNotNegative(double bad) {
    assertRefused(() -> loss(b -> b.zLoss(bad))).hasMessageContainingAll("zLoss is " + bad, "0 or more");
  }

  @ParameterizedTest
  @CsvSource({"-1, 1, a is -1.0", "1, NaN, b is NaN", "Infinity, 0, a is Infinity", "0, 0, a and b are both 0"})
  void theWeightsOfDkdAreFiniteAndNotBothZero(double a, double b, String fault) {
    assertRefused(() -> Divergence.dkd(a, b)).hasMessageContainingAll("dkd: " + fault, "expected");
  }

  @Test
  void dkdNeedsTheLabelOfEveryRow() {
    assertRefused(() -> loss(b -> b.divergence(Divergence.dkd(1, 8)).ignoreScope(IgnoreScope.HARD)))
        .hasMessageContainingAll("divergence dkd:1.0,8.0 and ignoreScope hard exclude each other", "needs the label");
    DistillationLoss dkd = loss(b -> b.divergence(Divergence.dkd(1, 8)));
    assertRefused(() -> engine.forward(dkd, INPUTS))
        .hasMessageContainingAll("labels are missing", "divergence dkd:1.0,8.0", "give one label per row");
  }

  @Test
  void logitMseComparesLogitsAsTheyAre() {
    assertRefused(() -> loss(b -> b.divergence(Divergence.logitMse()).standardise(true)))
        .hasMessageContainingAll("divergence logit-mse and standardise exclude each other", "the logits themselves");
  }

  @ParameterizedTest
  @ValueSource(strings = {"reverse-kl", "mixed:1", "jsd:0.5", "logit-mse", "nla"})
  void theSoftCrossEntropyIsOneOfTheForwardKl(String divergence) {
    assertRefused(() -> loss(b -> b.divergence(Divergence.parse(divergence)).softValue(SoftValue.CROSS_ENTROPY)))
        .hasMessageContainingAll("softValue cross-entropy exclude each other", "forward-kl");
  }

  @Test
  void theTemperatureGradientIsOneOfTheForwardKlWithOneTemperature() {
    LossOutputs wanted = LossOutputs.none().withTemperatureGradient();
    DistillationLoss reverse = loss(b -> b.divergence(Divergence.reverseKl()));
    assertRefused(() -> engine.forward(reverse, INPUTS, wanted))
        .hasMessageContainingAll("temperatureGradient and divergence reverse-kl exclude each other", "forward-kl only");
    LossInputs rows = INPUTS.withRowTemperatures(RowVector.temperatures(1, 2));
    assertRefused(() -> engine.forward(loss(b -> b), rows, wanted))
        .hasMessageContainingAll("temperatureGradient and row_temperatures exclude each other", "of its own");
  }

  @Test
  void rowOutputsNeedTheirInputs() {
    RowVector values = RowVector.losses(new float[2]);
    LossOutputs label = LossOutputs.none().withRow(RowOutput.LABEL_LOG_PROB, values);
    assertThatThrownBy(() -> engine.forward(loss(b -> b), INPUTS, label))
        .hasMessageContainingAll("row_label_log_prob needs the label", "labels are missing");
    LossOutputs teacher = LossOutputs.none().withRow(RowOutput.TEACHER_ENTROPY, values);
    DistillationLoss hard = loss(b -> b.softWeight(0).hardWeight(1));
    assertRefused(() -> engine.forward(hard, INPUTS.withLabels(RowVector.labels(0, 1)), teacher))
        .hasMessageContainingAll("row_teacher_entropy needs the teacher", "softWeight is 0");
    LossOutputs shorter = LossOutputs.none().withRow(RowOutput.STUDENT_ENTROPY, RowVector.losses(new float[1]));
    assertThatThrownBy(() -> engine.forward(loss(b -> b), INPUTS, shorter))
        .hasMessageContaining("row_student_entropy has 1 values, expected one per row: 2");
  }

  @Test
  void eachDenominatorIsNamed() {
    assertRefused(() -> INPUTS.withSoftDenominator(Denominator.of(0))).hasMessageStartingWith("softDenominator is 0.0");
    assertRefused(() -> INPUTS.withHardDenominator(Denominator.of(-1)))
        .hasMessageStartingWith("hardDenominator is -1.0");
    DistillationLoss sum = loss(b -> b.reduction(Reduction.SUM));
    assertRefused(() -> engine.forward(sum, INPUTS.withHardDenominator(Denominator.of(5))))
        .hasMessageStartingWith("hardDenominator is 5.0, but reduction sum divides by nothing");
    assertThatThrownBy(() -> new Denominator.InMemory(RowVector.weights(1, 2)))
        .hasMessageContaining("denominator in memory is [2] F32, expected one F32");
    assertThatThrownBy(() -> Denominator.in(MemorySegment.ofArray(new float[2])))
        .hasMessageContaining("denominator in memory has 8 bytes, expected 4");
    assertThatThrownBy(() -> engine.forward(loss(b -> b), INPUTS.withDenominator(Denominator.at(64))))
        .hasMessageContaining("soft_denominator lies in device memory");
  }

  @Test
  void theGradientThatIsAddedToOverlapsNoInput() {
    assertThatThrownBy(() -> engine.forwardBackward(loss(b -> b), INPUTS, LossOutputs.gradientAddedTo(MATRIX)))
        .hasMessageContaining("gradient overlaps student");
  }

  @Test
  void backwardWritesTheGradientAlone() {
    try (RowStatistics statistics = engine.allocateStatistics(2)) {
      LossOutputs gradient = LossOutputs.gradient(HostMatrix.of(new float[6], 2, 3));
      assertThatThrownBy(() ->
          engine.backward(loss(b -> b), INPUTS, statistics, gradient.withTemperatureGradient()))
          .hasMessageContaining("backward writes only the gradient");
      assertThatThrownBy(() -> engine.backward(loss(b -> b), INPUTS, statistics,
          gradient.withRow(RowOutput.STUDENT_ENTROPY, RowVector.losses(new float[2]))))
          .hasMessageContaining("backward writes only the gradient");
    }
  }

  private static DistillationLoss loss(UnaryOperator<DistillationLoss.Builder> options) {
    return options.apply(DistillationLoss.builder()).build();
  }

  private static AbstractThrowableAssert<?, ?> assertRefused(ThrowingCallable call) {
    return assertThatThrownBy(call).isExactlyInstanceOf(LossArgumentException.class);
  }
}
