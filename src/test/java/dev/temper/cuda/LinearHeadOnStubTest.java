package dev.temper.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.Denominator;
import dev.temper.DeviceBuffer;
import dev.temper.DeviceMatrix;
import dev.temper.EngineOptions;
import dev.temper.LinearHead;
import dev.temper.LossEngine;
import dev.temper.LossOutputs;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests all steps of a linear head on CUDA: the check, cuBLAS through both bindings, row losses and stored sums. */
final class LinearHeadOnStubTest extends StubHeads {

  @ParameterizedTest
  @CsvSource({"12, F32", "12, BF16", "13, F32", "13, F16"})
  void gradientsAreThoseOfTheReference(int major, DType dtype) {
    batchLabels[4] = -100;
    double[][] expected;
    try (LossEngine reference = LossEngine.open("reference", EngineOptions.defaults())) {
      expected = new Run(reference, dtype, false).gradients();
    }
    double u = dtype == DType.F32 ? 1e-5 : dtype == DType.BF16 ? 0x1p-6 : 0x1p-9;
    try (LossEngine engine = open(major)) {
      double[][] onDevice = new Run(engine, dtype, true).gradients();
      for (int i = 0; i < expected.length; i++) {
        assertThat(onDevice[i]).usingComparatorWithPrecision(u).containsExactly(expected[i]);
      }
      assertThat(new Run(engine, dtype, false).gradients()).as("from host memory").isDeepEqualTo(onDevice);
    }
  }

  @Test
  void tf32IsAnOptionOfTheEngineAndNamedInTheResult() {
    try (LossEngine engine = open(12);
        LossEngine fast = open(0, EngineOptions.defaults().withHeadWorkspace(2600).withTf32(true))) {
      Run exact = new Run(engine, DType.F32, true);
      assertThat(exact.compute().workspace().orElseThrow().products()).isEqualTo("cuBLAS 12.0 through JCublas");
      Run rounded = new Run(fast, DType.F32, true);
      assertThat(rounded.compute().workspace().orElseThrow().products())
          .isEqualTo("cuBLAS 12.0 through JCublas, F32 in TF32");
      double[] expected = exact.read(exact.hiddenGradient, ROWS * FEATURES);
      double[] found = rounded.read(rounded.hiddenGradient, ROWS * FEATURES);
      assertThat(found).usingComparatorWithPrecision(0x1p-9).containsExactly(expected);
      assertThat(found).isNotEqualTo(expected);
    }
  }

  /** Tests that only the check makes the host wait. Work of the stub driver runs when the host waits for it. */
  @Test
  void theHostWaitsForTheCheckOnly() {
    try (LossEngine engine = open(12)) {
      Run run = new Run(engine, DType.F32, true);
      LossResult result = run.compute();
      assertThat(result.workspace().orElseThrow().chunks()).isEqualTo(3);
      assertThat(first(run.hiddenGradient)).isNaN();
      assertThat(result.totals().countedRows()).isEqualTo(ROWS);
      engine.synchronize();
      assertThat(first(run.hiddenGradient)).isNotNaN();
    }
  }

  @Test
  void nothingIsWrittenIfALateLabelIsInvalid() {
    batchLabels[8] = CLASSES;
    try (LossEngine engine = open(12)) {
      Run run = new Run(engine, DType.F32, true);
      assertThatThrownBy(run::compute).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("labels: row 8 has label 37");
      engine.synchronize();
      assertThat(first(run.hiddenGradient)).isNaN();
      assertThat(first(run.weightGradient)).isNaN();
    }
  }

  /** Tests row weights that move a power of 2 from the gradient of a chunk in F16 to the products. */
  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16", "F16"})
  void aDenominatorInDeviceMemoryGivesTheBitsOfANumber(DType dtype) {
    float[] weights = {-500, 500, 1500, 2500, 3500, 4500, 5500, 6500, 7500};
    try (LossEngine engine = open(12)) {
      Run run = new Run(engine, dtype, true);
      run.inputs = run.inputs.withGradientScale(0.7)
          .withRowWeights(buffer(engine, MemorySegment.ofArray(weights)).weights(ROWS));
      run.inputs = run.inputs.withDenominator(9000);
      LossTotals totals = run.compute().totals();
      double[][] expected = run.written();
      DeviceBuffer denominator = buffer(engine, MemorySegment.ofArray(new float[] {9000}));
      run.inputs = run.inputs.withDenominator(Denominator.at(denominator.address()));
      assertThat(run.compute().totals()).isEqualTo(totals);
      assertThat(run.written()).isDeepEqualTo(expected);
    }
  }

  @Test
  void denominatorsInDeviceMemoryAreReadAndChecked() {
    try (LossEngine engine = open(13)) {
      Run run = new Run(engine, DType.F32, true);
      run.compute().totals();
      double ninth = run.read(run.hiddenGradient, FEATURES)[0];
      DeviceBuffer denominator = buffer(engine, MemorySegment.ofArray(new float[] {3}));
      run.inputs = run.inputs.withDenominator(Denominator.at(denominator.address()));
      run.compute().totals();
      assertThat(run.read(run.hiddenGradient, FEATURES)[0]).isCloseTo(3 * ninth, within(1e-6));
      denominator.upload(MemorySegment.ofArray(new float[] {0}));
      assertThatThrownBy(run::compute).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("denominator in memory is 0.0");
    }
  }

  @Test
  void everyAddressIsCheckedBeforeAnythingIsWritten() {
    try (LossEngine engine = open(12)) {
      Run run = new Run(engine, DType.F32, true);
      float[] soft = new float[ROWS];
      MatrixView nowhere = matrixAt(1L << 60, CLASSES, FEATURES);
      LossOutputs rows = run.outputs().withRowSoft(RowVector.losses(soft));
      assertThatThrownBy(() -> engine.forwardBackward(LOSS, run.inputs, rows.withWeightGradient(nowhere)))
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("gradient_weight");
      assertThatThrownBy(() -> engine.forwardBackward(LOSS, run.inputs,
          rows.withBiasGradient(matrixAt(((DeviceMatrix) run.biasGradient).address() + 2, 1, CLASSES))))
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("gradient_bias");
      Teacher teacher = Teacher.hidden(run.inputs.student(), LinearHead.of(nowhere));
      assertThatThrownBy(() -> engine.forwardBackward(LOSS, run.inputs.withTeacher(teacher), rows))
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("teacher_weight");
      engine.synchronize();
      assertThat(soft).containsOnly(0);
      assertThat(first(run.hiddenGradient)).isNaN();
    }
  }

  private static DeviceMatrix matrixAt(long address, int rows, int columns) {
    return new DeviceMatrix(address, rows, columns, columns, DType.F32);
  }
}
