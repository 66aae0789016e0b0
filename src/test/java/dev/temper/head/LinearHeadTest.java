package dev.temper.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.EngineOptions;
import dev.temper.HeadWorkspace;
import dev.temper.HostMatrix;
import dev.temper.IgnoreScope;
import dev.temper.LossEngine;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.PreparedLoss;
import dev.temper.Reduction;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests chunks, accumulation and refusals of heads. */
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"reference", "cpu", "emulator"})
class LinearHeadTest {

  private static final DistillationLoss LOSS =
      DistillationLoss.builder().temperature(2).softWeight(0.7).hardWeight(0.3).build();

  @Parameter String device = "";

  @Test
  void chunksAddUpToTheWholeBatch() {
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
      for (IgnoreScope scope : IgnoreScope.values()) {
        DistillationLoss loss = LOSS.toBuilder().ignoreScope(scope).build();
        HeadBatch whole = HeadBatch.of(9, dtype, 3);
        HeadBatch chunked = HeadBatch.of(9, dtype, 3);
        whole.labels[4] = loss.ignoreIndex();
        chunked.labels[4] = loss.ignoreIndex();
        LossTotals expected = run(whole, loss, 1 << 20, 1);
        LossTotals found = run(chunked, loss, 2600, 3);
        assertThat(found.total()).isCloseTo(expected.total(), within(1e-6));
        assertThat(found.countedRows()).isEqualTo(expected.countedRows());
        assertThat(found.hardCountedRows()).isEqualTo(8);
        double u = dtype == DType.F32 ? 1e-6 : dtype == DType.BF16 ? 0x1p-7 : 0x1p-10;
        assertClose(chunked.hiddenGradient, whole.hiddenGradient, u);
        assertClose(chunked.weightGradient, whole.weightGradient, u);
        assertClose(chunked.biasGradient, whole.biasGradient, u);
        assertThat(chunked.soft).usingComparatorWithPrecision(1e-5f).containsExactly(whole.soft);
      }
    }
  }

  @Test
  void eachRowMayBeAChunk() {
    HeadBatch batch = HeadBatch.of(5, DType.F32, 4);
    run(batch, LOSS, 1600, 5);
  }

  @Test
  void gradientsAreAddedToWhatTheMemoryHolds() {
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      HeadBatch batch = HeadBatch.of(9, dtype, 3);
      HeadBatch added = HeadBatch.of(9, dtype, 3);
      for (HostMatrix gradient : List.of(added.hiddenGradient, added.weightGradient, added.biasGradient)) {
        for (int row = 0; row < gradient.rows(); row++) {
          HeadBatch.set(gradient, row, 0, 1);
        }
      }
      LossOutputs outputs = LossOutputs.gradientAddedTo(added.hiddenGradient)
          .withWeightGradientAddedTo(added.weightGradient).withBiasGradientAddedTo(added.biasGradient);
      run(batch, LOSS, 2600, 3);
      try (LossEngine engine = open(2600)) {
        engine.forwardBackward(LOSS, added.inputs(), outputs);
      }
      double u = dtype == DType.F32 ? 1e-6 : 0x1p-7;
      assertThat(HeadBatch.get(added.weightGradient, 3, 0))
          .isCloseTo(1 + HeadBatch.get(batch.weightGradient, 3, 0), within(u));
      assertThat(HeadBatch.get(added.weightGradient, 3, 1))
          .isCloseTo(HeadBatch.get(batch.weightGradient, 3, 1), within(u));
      assertThat(HeadBatch.get(added.biasGradient, 0, 0))
          .isCloseTo(1 + HeadBatch.get(batch.biasGradient, 0, 0), within(u));
      assertThat(HeadBatch.get(added.hiddenGradient, 7, 0))
          .isCloseTo(1 + HeadBatch.get(batch.hiddenGradient, 7, 0), within(u));
    }
  }

  @Test
  void theGradientMayReplaceTheHiddenStates() {
    HeadBatch apart = HeadBatch.of(9, DType.F32, 3);
    HeadBatch inPlace = HeadBatch.of(9, DType.F32, 3);
    run(apart, LOSS, 2600, 3);
    try (LossEngine engine = open(2600)) {
      engine.forwardBackward(LOSS, inPlace.inputs(),
          LossOutputs.gradientInPlace(inPlace.hidden).withWeightGradient(inPlace.weightGradient));
    }
    assertThat(inPlace.hidden.segment().mismatch(apart.hiddenGradient.segment())).isEqualTo(-1);
    assertThat(inPlace.weightGradient.segment().mismatch(apart.weightGradient.segment())).isEqualTo(-1);
  }

  @Test
  void anEmptyBatchHasGradientsOfZero() {
    HeadBatch batch = HeadBatch.of(0, DType.F32, 1);
    HeadBatch.set(batch.weightGradient, 2, 2, 7);
    HeadBatch.set(batch.biasGradient, 0, 1, 7);
    assertThat(run(batch, LOSS, 2600, 1).total()).isZero();
    assertThat(HeadBatch.get(batch.weightGradient, 2, 2)).isZero();
    assertThat(HeadBatch.get(batch.biasGradient, 0, 1)).isZero();
  }

  @Test
  void aBatchOfIgnoredRowsHasGradientsOfZero() {
    HeadBatch batch = HeadBatch.of(3, DType.F32, 1);
    Arrays.fill(batch.labels, -100);
    HeadBatch.set(batch.hiddenGradient, 2, 2, 7);
    assertThat(run(batch, LOSS, 2600, 1).total()).isZero();
    assertThat(HeadBatch.get(batch.hiddenGradient, 2, 2)).isZero();
  }

  @Test
  void reductionsAndScalesAreThoseOfLogits() {
    HeadBatch batch = HeadBatch.of(6, DType.F32, 8);
    run(batch, LOSS.toBuilder().reduction(Reduction.SUM).build(), 2600, 2);
    double sum = HeadBatch.get(batch.weightGradient, 1, 1);
    run(batch, LOSS, 2600, 2);
    assertThat(6 * HeadBatch.get(batch.weightGradient, 1, 1)).isCloseTo(sum, within(1e-6));
    assertThat(run(batch, LOSS.toBuilder().reduction(Reduction.NONE).build(), 2600, 2).total()).isNaN();
    assertThat(HeadBatch.get(batch.weightGradient, 1, 1)).isEqualTo(sum);
    try (LossEngine engine = open(2600)) {
      engine.forwardBackward(LOSS, batch.inputs().withDenominator(4).withGradientScale(-2), batch.outputs());
    }
    assertThat(-2 * HeadBatch.get(batch.weightGradient, 1, 1)).isCloseTo(sum, within(1e-6));
  }

  /** Tests rows of weight 200,000, whose gradients are up to three times the largest number of F16. */
  @Test
  void largeRowWeightsDoNotOverflowF16() {
    float[] weights = {200_000, 3, -150_000, 1, 0, 80_000};
    float[] small = new float[weights.length];
    for (int i = 0; i < weights.length; i++) {
      small[i] = weights[i] / 1024;
    }
    for (Reduction reduction : List.of(Reduction.MEAN, Reduction.NONE)) {
      DistillationLoss loss = LOSS.toBuilder().reduction(reduction).build();
      HeadBatch large = HeadBatch.of(6, DType.F16, 8);
      HeadBatch scaled = HeadBatch.of(6, DType.F16, 8);
      try (LossEngine engine = open(2600)) {
        double factor = reduction == Reduction.NONE ? 0x1p-12 : 0x1p-6;
        var totals = engine.forwardBackward(loss,
            large.inputs().withRowWeights(RowVector.weights(weights)).withGradientScale(factor), large.outputs());
        var expected = engine.forwardBackward(loss,
            scaled.inputs().withRowWeights(RowVector.weights(small)).withGradientScale(1024 * factor),
            scaled.outputs());
        if (reduction == Reduction.MEAN) {
          assertThat(totals.total()).isCloseTo(1024 * expected.total(), within(1e-6 * Math.abs(totals.total())));
        }
        assertThat(totals.totals().nonFiniteRows()).isZero();
      }
      assertThat(HeadBatch.get(large.hiddenGradient, 0, 0)).isFinite().isNotZero();
      assertClose(large.hiddenGradient, scaled.hiddenGradient, 0x1p-9);
      assertClose(large.weightGradient, scaled.weightGradient, 0x1p-9);
      assertClose(large.biasGradient, scaled.biasGradient, 0x1p-9);
    }
  }

  @Test
  void aTeacherThatIsInvalidInALaterChunkIsNamed() {
    HeadBatch batch = HeadBatch.of(9, DType.F32, 8);
    HostMatrix probabilities = HeadBatch.zeros(9, 37, DType.F32);
    for (int row = 0; row < 9; row++) {
      HeadBatch.set(probabilities, row, row, row == 7 ? 0.5 : 1);
    }
    try (LossEngine engine = open(1600)) {
      assertThatThrownBy(() -> engine.forwardBackward(LOSS,
          batch.inputs().withTeacher(Teacher.probabilities(probabilities)), batch.outputs()).totals())
          .isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll("teacher", "0.5")
          .hasMessageMatching(device.equals("emulator") ? ".*row 7 .*"
              : "in the chunk from row 6 on.*: teacher: row 1 .*");
    }
  }

  @Test
  void aPreparedLossReadsWhatTheTensorsHold() {
    HeadBatch batch = HeadBatch.of(6, DType.F32, 8);
    try (LossEngine engine = open(2600); PreparedLoss prepared = engine.prepare(LOSS, batch.inputs(),
        batch.outputs())) {
      prepared.launch();
      double first = prepared.totals().total();
      assertThat(engine.forward(LOSS, batch.inputs()).total()).isEqualTo(first);
      HeadBatch.set(batch.hidden, 0, 0, 5);
      prepared.launch();
      assertThat(prepared.totals().total()).isNotEqualTo(first);
      assertThatThrownBy(prepared::recordGraph).hasMessageContaining("CUDA graph");
    }
  }

  @Test
  void aWorkspaceBelowOneRowIsRefusedWithBothNumbers() {
    HeadBatch batch = HeadBatch.of(6, DType.F32, 8);
    try (LossEngine engine = open(1500)) {
      assertThatThrownBy(() -> engine.forwardBackward(LOSS, batch.inputs(), batch.outputs()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("limited to 1500 bytes", "one row needs 1584", "withHeadWorkspace");
    }
  }

  @Test
  void nothingIsWrittenIfALateLabelIsInvalid() {
    HeadBatch batch = HeadBatch.of(9, DType.F32, 8);
    batch.labels[8] = 37;
    for (HostMatrix gradient : List.of(batch.hiddenGradient, batch.weightGradient, batch.biasGradient)) {
      gradient.segment().fill((byte) 3);
    }
    Arrays.fill(batch.soft, 3);
    try (LossEngine engine = open(2600)) {
      assertThatThrownBy(() -> engine.forwardBackward(LOSS, batch.inputs(), batch.outputs()))
          .hasMessageContainingAll("row 8", "label 37");
    }
    for (HostMatrix gradient : List.of(batch.hiddenGradient, batch.weightGradient, batch.biasGradient)) {
      assertThat(gradient.segment().toArray(ValueLayout.JAVA_BYTE)).containsOnly(3);
    }
    assertThat(batch.soft).containsOnly(3);
  }

  private LossTotals run(HeadBatch batch, DistillationLoss loss, long workspace, long chunks) {
    try (LossEngine engine = open(workspace)) {
      var result = engine.forwardBackward(loss, batch.inputs(), batch.outputs());
      HeadWorkspace used = result.workspace().orElseThrow();
      assertThat(used.chunks()).isEqualTo(chunks);
      assertThat(used.bytes()).isLessThanOrEqualTo(used.limit());
      assertThat(used.accumulatorBytes() > 0).isEqualTo(batch.dtype != DType.F32 && chunks > 1);
      return result.totals();
    }
  }

  private LossEngine open(long workspace) {
    return LossEngine.open(device, EngineOptions.defaults().withHeadWorkspace(workspace));
  }

  /** Compares all elements; {@code u} is relative to the largest one. */
  private static void assertClose(HostMatrix found, HostMatrix expected, double u) {
    double largest = 0;
    for (int row = 0; row < expected.rows(); row++) {
      for (int i = 0; i < expected.classes(); i++) {
        largest = Math.max(largest, Math.abs(HeadBatch.get(expected, row, i)));
      }
    }
    for (int row = 0; row < expected.rows(); row++) {
      for (int i = 0; i < expected.classes(); i++) {
        assertThat(HeadBatch.get(found, row, i)).isCloseTo(HeadBatch.get(expected, row, i), within(u * largest));
      }
    }
  }
}
