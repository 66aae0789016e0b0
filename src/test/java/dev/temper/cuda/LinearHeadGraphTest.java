package dev.temper.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.Denominator;
import dev.temper.DeviceBuffer;
import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.PreparedLoss;
import dev.temper.RowVector;
import dev.temper.cuda.driver.DriverStreams;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests linear heads in CUDA graphs that the library records, and in graphs of the owner of the stream. */
final class LinearHeadGraphTest extends StubHeads {

  @ParameterizedTest
  @ValueSource(ints = {12, 13})
  void aGraphReplaysTheWholeHead(int major) {
    try (LossEngine engine = open(major)) {
      Run run = new Run(engine, DType.BF16, true);
      run.inputs = run.inputs.withDenominator(4);
      double[][] eager = {run.hiddenAfter(run.compute()), run.read(run.weightGradient, CLASSES * FEATURES)};
      Run replayed = new Run(engine, DType.BF16, true);
      replayed.inputs = replayed.inputs.withDenominator(4);
      try (PreparedLoss prepared = engine.prepare(LOSS, replayed.inputs, replayed.outputs())) {
        prepared.recordGraph();
        assertThat(replayed.read(replayed.hiddenGradient, FEATURES)).as("before a replay").containsOnly(Double.NaN);
        for (int replay = 0; replay < 2; replay++) {
          prepared.launch();
          assertThat(prepared.totals().countedRows()).isEqualTo(ROWS);
          assertThat(replayed.read(replayed.hiddenGradient, ROWS * FEATURES)).isEqualTo(eager[0]);
          assertThat(replayed.read(replayed.weightGradient, CLASSES * FEATURES)).isEqualTo(eager[1]);
        }
        Arrays.fill(batchLabels, CLASSES);
        Objects.requireNonNull(replayed.labels).upload(MemorySegment.ofArray(batchLabels));
        prepared.launch();
        assertThatThrownBy(prepared::totals).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("labels: row 0 has label 37");
      }
    }
  }

  /**
   * Tests one or two denominators in memory, and one beside a number. Each replay has the bits of an eager call with
   * the same values.
   */
  @ParameterizedTest
  @CsvSource({"12, F32, 5, 5", "12, BF16, 3, 7", "12, F16, 7, 0", "13, F32, 0, 7", "13, BF16, 3, 3", "13, F16, 7, 3"})
  void aReplayReadsDenominatorsInDeviceMemory(int major, DType dtype, float soft, float hard) {
    try (LossEngine engine = open(major)) {
      DeviceBuffer denominators = buffer(engine, MemorySegment.ofArray(new float[] {soft, hard}));
      Run eager = new Run(engine, dtype, true);
      eager.inputs = divided(eager.inputs, denominators, soft, hard);
      Run replayed = new Run(engine, dtype, true);
      replayed.inputs = divided(replayed.inputs, denominators, soft, hard);
      try (PreparedLoss prepared = engine.prepare(LOSS, replayed.inputs, replayed.outputs())) {
        prepared.launch();
        assertThat(prepared.totals()).isEqualTo(eager.compute().totals());
        double[][] before = eager.written();
        assertThat(replayed.written()).as("prepared").isDeepEqualTo(before);
        prepared.recordGraph();
        for (float factor : new float[] {1, 0.3f, 20}) {
          denominators.upload(MemorySegment.ofArray(new float[] {factor * soft, hard / factor}));
          LossTotals totals = eager.compute().totals();
          prepared.launch();
          assertThat(prepared.totals()).isEqualTo(totals);
          assertThat(replayed.written()).as("graph").isDeepEqualTo(eager.written());
          assertThat(factor == 1 || !Arrays.deepEquals(before, eager.written())).isTrue();
        }
      }
    }
  }

  /** Returns inputs with both denominators in memory; 0 stands for a denominator of 4 on the host. */
  private static LossInputs divided(LossInputs inputs, DeviceBuffer denominators, float soft, float hard) {
    return inputs.withDenominator(4)
        .withSoftDenominator(soft == 0 ? Denominator.of(4) : Denominator.at(denominators.address()))
        .withHardDenominator(hard == 0 ? Denominator.of(4) : Denominator.at(denominators.address() + Float.BYTES));
  }

  @ParameterizedTest
  @ValueSource(floats = {0, -1, Float.NaN, Float.POSITIVE_INFINITY})
  void aReplayReportsAnInvalidDenominator(float bad) {
    try (LossEngine engine = open(12)) {
      Run run = new Run(engine, DType.F32, true);
      DeviceBuffer denominators = buffer(engine, MemorySegment.ofArray(new float[] {2, 5}));
      run.inputs = divided(run.inputs, denominators, 2, 5);
      DeviceBuffer soft = engine.allocate(4L * ROWS);
      LossOutputs outputs = run.outputs().withRowSoft(RowVector.lossesAt(soft.address(), ROWS));
      try (PreparedLoss prepared = engine.prepare(LOSS, run.inputs, outputs)) {
        prepared.recordGraph();
        denominators.upload(MemorySegment.ofArray(new float[] {2, bad}));
        run.fill(3);
        prepared.launch();
        assertThatThrownBy(prepared::totals).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("hardDenominator in memory is " + bad + ", expected a finite number above 0");
        assertThat(StubDriver.at(soft.address(), 4).get(JAVA_FLOAT, 0)).as("row values").isNaN();
        assertThat(run.read(run.weightGradient, CLASSES * FEATURES)).containsOnly(3);
        assertThatThrownBy(run::compute).as("eager")
            .hasMessageContaining("hardDenominator in memory is " + bad + ", expected a finite number above 0");
        denominators.upload(MemorySegment.ofArray(new float[] {2, 5}));
        prepared.launch();
        assertThat(prepared.totals().countedRows()).isEqualTo(ROWS);
        double[][] replayed = run.written();
        run.compute().totals();
        assertThat(run.written()).isDeepEqualTo(replayed);
      }
    }
  }

  @Test
  void aGraphThatWasRecordedWithoutALabelledRowReadsLaterLabels() {
    int[] later = batchLabels.clone();
    try (LossEngine engine = open(12)) {
      Run eager = new Run(engine, DType.F32, true);
      eager.inputs = eager.inputs.withDenominator(4);
      double[] expected = eager.hiddenAfter(eager.compute());
      Arrays.fill(batchLabels, (int) DistillationLoss.DEFAULT_IGNORE_INDEX);
      Run replayed = new Run(engine, DType.F32, true);
      replayed.inputs = replayed.inputs.withDenominator(4);
      try (PreparedLoss prepared = engine.prepare(LOSS, replayed.inputs, replayed.outputs())) {
        prepared.recordGraph();
        Objects.requireNonNull(replayed.labels).upload(MemorySegment.ofArray(later));
        prepared.launch();
        assertThat(prepared.totals().countedRows()).isEqualTo(ROWS);
        assertThat(replayed.read(replayed.hiddenGradient, ROWS * FEATURES)).isEqualTo(expected);
      }
    }
  }

  @Test
  void theOwnerOfAStreamCanTakeAHeadIntoAGraph() {
    try (BorrowedStream stream = new BorrowedStream(); LossEngine engine = open(stream)) {
      Run run = new Run(engine, DType.F32, true);
      run.inputs = run.inputs.withDenominator(4);
      double[] eager = run.hiddenAfter(run.compute());
      Run captured = new Run(engine, DType.F32, true);
      DeviceBuffer denominator = buffer(engine, MemorySegment.ofArray(new float[] {4}));
      captured.inputs = captured.inputs.withDenominator(Denominator.at(denominator.address()));
      try (PreparedLoss prepared = engine.prepare(LOSS, captured.inputs, captured.outputs())) {
        prepared.recordGraph();
        try (BorrowedStream.Graph graph = stream.capture(prepared)) {
          stream.synchronize();
          assertThat(first(captured.hiddenGradient)).as("recorded, not launched").isNaN();
          for (int replay = 0; replay < 2; replay++) {
            graph.launch();
            assertThat(prepared.totals().countedRows()).isEqualTo(ROWS);
            assertThat(captured.read(captured.hiddenGradient, ROWS * FEATURES)).isEqualTo(eager);
          }
          prepared.launch();
          assertThat(prepared.totals().countedRows()).as("outside of the capture again").isEqualTo(ROWS);
        }
      }
      try (PreparedLoss prepared = engine.prepare(LOSS, captured.inputs, captured.outputs())) {
        DriverStreams.beginCapture(stream.handle());
        assertThatThrownBy(prepared::launch).isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("call recordGraph() before the capture");
        DriverStreams.destroyGraph(DriverStreams.endCapture(stream.handle()));
      }
    }
  }

  /** In BF16 and F16, sums of several chunks are rounded at the end, and the gradients of a chunk are apart. */
  @ParameterizedTest
  @CsvSource({"F32, false", "F32, true", "BF16, false", "BF16, true", "F16, false", "F16, true"})
  void aReplayWithAnInvalidLastLabelWritesNothing(DType dtype, boolean adds) {
    try (LossEngine engine = open(12)) {
      Run run = new Run(engine, dtype, true);
      run.inputs = run.inputs.withDenominator(4);
      DeviceBuffer soft = engine.allocate(4L * ROWS);
      LossOutputs outputs = (adds ? LossOutputs.gradientAddedTo(run.hiddenGradient)
          .withWeightGradientAddedTo(run.weightGradient).withBiasGradientAddedTo(run.biasGradient) : run.outputs())
          .withRowSoft(RowVector.lossesAt(soft.address(), ROWS));
      try (PreparedLoss prepared = engine.prepare(LOSS, run.inputs, outputs)) {
        prepared.recordGraph();
        batchLabels[ROWS - 1] = CLASSES;
        Objects.requireNonNull(run.labels).upload(MemorySegment.ofArray(batchLabels));
        run.fill(3);
        prepared.launch();
        assertThatThrownBy(prepared::totals).hasMessageContaining("labels: row 8 has label 37");
        assertThat(StubDriver.at(soft.address(), 4).get(JAVA_FLOAT, 0)).isNaN();
        for (double[] gradient : run.written()) {
          assertThat(gradient).containsOnly(3);
        }
        batchLabels[ROWS - 1] = 0;
        Objects.requireNonNull(run.labels).upload(MemorySegment.ofArray(batchLabels));
        prepared.launch();
        assertThat(prepared.totals().countedRows()).isEqualTo(ROWS);
        assertThat(StubDriver.at(soft.address(), 4).get(JAVA_FLOAT, 0)).isNotNaN();
        double[][] replayed = run.written();
        run.fill(3);
        engine.forwardBackward(LOSS, run.inputs, outputs).totals();
        assertThat(run.written()).isDeepEqualTo(replayed);
      }
    }
  }

  @Test
  void aTensorInHostMemoryIsRefused() {
    try (LossEngine engine = open(12)) {
      Run onHost = new Run(engine, DType.F32, false);
      try (PreparedLoss prepared = engine.prepare(LOSS, onHost.inputs, onHost.outputs())) {
        assertThatThrownBy(prepared::recordGraph).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("a tensor lies in host memory, expected all of them in device memory");
        prepared.launch();
        assertThat(prepared.totals().countedRows()).isEqualTo(ROWS);
      }
    }
  }
}
