package dev.temper;

import static dev.temper.Outcome.assertNear;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the counts, divisors, added gradients and row outputs of batches on the reference. */
class FamilyBatchTest {

  private static final double BOUND = 1e-6;
  private static final float[] X = {1, 2, 0, -1};
  private static final float[] Y = {2, 1, 0.5f, 0};
  private static final float[] Z = {0, -1, 3, 1};
  private static final float[] NAN = {Float.NaN, 0, 0, 0};

  /** The label of row 1 is the ignored one. */
  private static final Batch THREE = Batch.student(X, Y, Z).teacher(Y, Z, X).labels(0, -100, 2);

  private static final DistillationLoss BOTH =
      DistillationLoss.builder().temperature(2).softWeight(0.75).hardWeight(0.5).build();
  private static final DistillationLoss HARD = BOTH.toBuilder().ignoreScope(IgnoreScope.HARD).build();

  private final LossEngine engine = LossEngine.open("reference");
  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void close() {
    engine.close();
    arena.close();
  }

  @Test
  void withIgnoreScopeHardARowWithoutLabelKeepsItsSoftPart() {
    Outcome all = Batch.student(X, Y, Z).teacher(Y, Z, X).labels(0, 1, 2).run(engine, BOTH);
    Outcome outcome = THREE.run(engine, HARD);
    assertThat(outcome.totals().countedRows()).isEqualTo(3);
    assertThat(outcome.totals().hardCountedRows()).isEqualTo(2);
    assertThat(outcome.soft()).isEqualTo(all.soft());
    assertThat(outcome.hard()).containsExactly(all.hard()[0], 0, all.hard()[2]);
    assertNear("soft", outcome.totals().soft(), 0.75 / 3 * sum(all.soft()), BOUND);
    assertNear("hard", outcome.totals().hard(), 0.5 / 2 * (all.hard()[0] + all.hard()[2]), BOUND);
    Outcome soft = Batch.student(X, Y, Z).teacher(Y, Z, X).run(engine, BOTH.toBuilder().hardWeight(0).build());
    assertThat(outcome.gradient()[1]).isEqualTo(soft.gradient()[1]);
  }

  @Test
  void batchMeanDividesBothPartsByAllRows() {
    Outcome outcome = THREE.run(engine, HARD.toBuilder().reduction(Reduction.BATCH_MEAN).build());
    assertNear("hard", outcome.totals().hard(), 0.5 / 3 * sum(outcome.hard()), BOUND);
    Outcome sum = THREE.run(engine, HARD.toBuilder().reduction(Reduction.SUM).build());
    assertNear("soft", sum.totals().soft(), 0.75 * sum(outcome.soft()), BOUND);
    assertNear("hard", sum.totals().hard(), 0.5 * sum(outcome.hard()), BOUND);
  }

  @Test
  void withoutAnyLabelledRowTheHardPartIsZero() {
    Outcome outcome = THREE.labels(-100, -100, -100).run(engine, HARD);
    assertThat(outcome.totals().hard()).isZero();
    assertThat(outcome.totals().hardCountedRows()).isZero();
    assertThat(outcome.totals().total()).isEqualTo(outcome.totals().soft()).isPositive();
    Outcome both = THREE.labels(-100, -100, -100).run(engine, BOTH);
    assertThat(both.totals()).isEqualTo(LossTotals.of(0, 0, 0, 3, 0, 0));
  }

  @Test
  void eachPartHasADenominatorOfItsOwn() {
    LossInputs inputs = THREE.inputs(arena).withSoftDenominator(Denominator.of(8));
    Outcome soft = THREE.run(engine, BOTH, inputs);
    Outcome plain = THREE.run(engine, BOTH);
    assertNear("soft", soft.totals().soft(), plain.totals().soft() * 2 / 8, BOUND);
    assertThat(soft.totals().hard()).isEqualTo(plain.totals().hard());
    Outcome both = THREE.run(engine, BOTH, inputs.withHardDenominator(Denominator.of(8)));
    Outcome one = THREE.run(engine, BOTH, THREE.inputs(arena).withDenominator(8));
    assertThat(both.totals()).isEqualTo(one.totals());
    assertThat(both.gradient()).isDeepEqualTo(one.gradient());
  }

  @Test
  void aDenominatorInMemoryIsReadByTheCall() {
    MemorySegment count = arena.allocate(ValueLayout.JAVA_FLOAT);
    count.set(ValueLayout.JAVA_FLOAT, 0, 8);
    Outcome outcome = THREE.run(engine, BOTH, THREE.inputs(arena).withDenominator(Denominator.in(count)));
    Outcome expected = THREE.run(engine, BOTH, THREE.inputs(arena).withDenominator(8));
    assertThat(outcome.totals()).isEqualTo(expected.totals());
    assertThat(outcome.gradient()).isDeepEqualTo(expected.gradient());
  }

  @ParameterizedTest
  @ValueSource(floats = {0, -3, Float.NaN, Float.POSITIVE_INFINITY})
  void aBadDenominatorInMemoryIsNamedAndNothingIsWritten(float bad) {
    Denominator denominator = Denominator.in(MemorySegment.ofArray(new float[] {bad}));
    float[] gradient = Batch.filled(12);
    LossOutputs outputs = LossOutputs.gradient(HostMatrix.of(gradient, 3, 4));
    LossInputs inputs = THREE.inputs(arena).withHardDenominator(denominator);
    assertThatThrownBy(() -> engine.forwardBackward(BOTH, inputs, outputs))
        .isExactlyInstanceOf(LossArgumentException.class)
        .hasMessageStartingWith("hardDenominator in memory is " + bad + ", expected a finite number above 0");
    assertThat(gradient).containsOnly(Batch.UNWRITTEN);
    assertThatThrownBy(() -> engine.forward(BOTH, inputs.withDenominator(denominator)))
        .hasMessageStartingWith("denominator in memory is " + bad);
  }

  @Test
  void aNegativeWeightTurnsTheRowAround() {
    Outcome plain = THREE.run(engine, BOTH);
    Outcome outcome = THREE.weights(1, 1, -2).run(engine, BOTH);
    assertNear("soft", outcome.totals().soft(), 0.75 / 2 * (plain.soft()[0] - 2 * plain.soft()[2]), BOUND);
    assertThat(outcome.totals().countedRows()).isEqualTo(2);
    assertThat(outcome.soft()).isEqualTo(plain.soft());
    for (int i = 0; i < 4; i++) {
      assertNear("gradient", outcome.gradient()[2][i], -2 * plain.gradient()[2][i], BOUND);
    }
  }

  @Test
  void theRowOutputsOfIgnoredAndWeightlessRowsAreZero() {
    LossInputs inputs = Batch.student(X, NAN, NAN).teacher(Y, NAN, NAN).labels(1, -100, 2).weights(1, 1, 0)
        .inputs(arena);
    LossOutputs outputs = LossOutputs.none();
    for (RowOutput output : RowOutput.values()) {
      if (output.isMass()) {
        continue;
      }
      float[] values = Batch.filled(3);
      outputs = outputs.withRow(output, RowVector.losses(values));
      LossTotals totals = engine.forward(BOTH, inputs, outputs).totals();
      assertThat(values[0]).as(output.tensor()).isNotZero().isFinite();
      assertThat(values[1]).as(output.tensor()).isZero();
      assertThat(values[2]).as(output.tensor()).isZero();
      assertThat(totals.countedRows()).isEqualTo(2);
      assertThat(totals.nonFiniteRows()).isZero();
    }
  }

  @Test
  void theGradientIsAddedToTheMemory() {
    Outcome plain = THREE.types(DType.BF16, DType.F32).run(engine, BOTH);
    float[] gradient = new float[12];
    Arrays.fill(gradient, 3);
    gradient[4] = -0.0f; // Row 1 is ignored and keeps its bits.
    LossInputs inputs = THREE.types(DType.BF16, DType.F32).inputs(arena);
    engine.forwardBackward(BOTH, inputs, LossOutputs.gradientAddedTo(HostMatrix.of(gradient, 3, 4)));
    for (int i = 0; i < 4; i++) {
      assertNear("gradient", gradient[i], 3 + plain.gradient()[0][i], BOUND);
    }
    assertThat(Arrays.copyOfRange(gradient, 4, 8)).containsExactly(-0.0f, 3, 3, 3);
  }

  @Test
  void paddingColumnsOfAnAddedGradientKeepWhatTheyHold() {
    float[] gradient = Batch.filled(12);
    DistillationLoss loss = BOTH.toBuilder().numClasses(3).build();
    engine.forwardBackward(loss, THREE.inputs(arena), LossOutputs.gradientAddedTo(HostMatrix.of(gradient, 3, 4)));
    assertThat(new float[] {gradient[3], gradient[7], gradient[11]}).containsOnly(Batch.UNWRITTEN);
    assertThat(gradient[0]).isNotEqualTo(Batch.UNWRITTEN);
  }

  @Test
  void aGradientAddedTwiceIsDoubled() {
    float[] gradient = new float[12];
    LossOutputs outputs = LossOutputs.gradientAddedTo(HostMatrix.of(gradient, 3, 4));
    engine.forwardBackward(BOTH, THREE.inputs(arena), outputs);
    float[] once = gradient.clone();
    engine.forwardBackward(BOTH, THREE.inputs(arena), outputs);
    for (int i = 0; i < 12; i++) {
      assertNear("gradient", gradient[i], 2 * once[i], BOUND);
    }
  }

  @Test
  void aRowStrideOfZeroRepeatsOneRow() {
    HostMatrix repeated = new HostMatrix(MemorySegment.ofArray(Y), 3, 4, 0, DType.F32);
    Outcome outcome = THREE.run(engine, BOTH, THREE.inputs(arena).withTeacher(Teacher.logits(repeated)));
    Outcome expected = THREE.teacher(Y, Y, Y).run(engine, BOTH);
    assertThat(outcome.totals()).isEqualTo(expected.totals());
    assertThat(outcome.gradient()).isDeepEqualTo(expected.gradient());
    assertThatThrownBy(() -> engine.forwardBackward(BOTH, THREE.inputs(arena), LossOutputs.gradient(
        new HostMatrix(MemorySegment.ofArray(new float[12]), 3, 4, 0, DType.F32))))
        .hasMessageContaining("gradient has row stride 0");
    HostMatrix copy = HostMatrix.of(new float[12], 3, 4);
    repeated.copyTo(copy);
    assertThat(copy.segment().toArray(ValueLayout.JAVA_FLOAT)).endsWith(Y);
    assertThatThrownBy(() -> copy.copyTo(repeated)).hasMessageContaining("target has row stride 0");
    assertThatThrownBy(() -> engine.softmax(repeated, HostMatrix.of(new float[12], 3, 4)))
        .hasMessageContaining("logits has row stride 0");
  }

  @Test
  void theTemperatureGradientHasTheReductionAndTheWeightsOfTheTotal() {
    DistillationLoss loss = BOTH.toBuilder().reduction(Reduction.MEAN).build();
    Batch batch = THREE.weights(2, 1, -0.5f).gradientScale(7);
    LossInputs inputs = batch.inputs(arena).withDenominator(5);
    double step = 1e-4;
    double above = total(loss.toBuilder().temperature(2 + step).build(), inputs);
    double below = total(loss.toBuilder().temperature(2 - step).build(), inputs);
    LossTotals totals = engine.forward(loss, inputs, LossOutputs.none().withTemperatureGradient()).totals();
    assertNear("dL/dT", totals.temperatureGradient().orElseThrow(), (above - below) / (2 * step), BOUND);
    assertThat(engine.forward(loss, inputs).totals().temperatureGradient()).isEmpty();
  }

  private double total(DistillationLoss loss, LossInputs inputs) {
    return engine.forward(loss, inputs).total();
  }

  private static double sum(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum;
  }
}
