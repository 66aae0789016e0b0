package dev.temper.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.DistillationLoss;
import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import dev.temper.LossOutputs;
import dev.temper.PreparedLoss;
import dev.temper.RowVector;
import dev.temper.cuda.cublas.CublasSearch;
import dev.temper.cuda.driver.Driver;
import dev.temper.cuda.driver.PrimaryContext;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Linear heads in CUDA graphs: those that the library records, and those of the owner of the stream. */
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
    System.setProperty(CublasSearch.LIBRARY_PROPERTY, StubCublas.library(12).toString());
    PrimaryContext framework = new PrimaryContext(0);
    try (framework; var _ = framework.enter()) {
      long stream = Driver.createStream(1);
      try (LossEngine engine = open(0, EngineOptions.defaults().withHeadWorkspace(2600).withStream(stream))) {
        Run run = new Run(engine, DType.F32, true);
        run.inputs = run.inputs.withDenominator(4);
        double[] eager = run.hiddenAfter(run.compute());
        Run captured = new Run(engine, DType.F32, true);
        captured.inputs = captured.inputs.withDenominator(4);
        try (PreparedLoss prepared = engine.prepare(LOSS, captured.inputs, captured.outputs())) {
          prepared.recordGraph();
          Driver.beginCapture(stream);
          prepared.launch();
          long graph = Driver.endCapture(stream);
          long executable = Driver.instantiateGraph(graph);
          Driver.synchronizeStream(stream);
          assertThat(first(captured.hiddenGradient)).as("recorded, not launched").isNaN();
          for (int replay = 0; replay < 2; replay++) {
            Driver.launchGraph(executable, stream);
            assertThat(prepared.totals().countedRows()).isEqualTo(ROWS);
            assertThat(captured.read(captured.hiddenGradient, ROWS * FEATURES)).isEqualTo(eager);
          }
          prepared.launch();
          assertThat(prepared.totals().countedRows()).as("outside of the capture again").isEqualTo(ROWS);
          Driver.destroyExecutable(executable);
          Driver.destroyGraph(graph);
        }
        try (PreparedLoss prepared = engine.prepare(LOSS, captured.inputs, captured.outputs())) {
          Driver.beginCapture(stream);
          assertThatThrownBy(prepared::launch).isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("call recordGraph() before the capture");
          Driver.destroyGraph(Driver.endCapture(stream));
        }
      }
      Driver.destroyStream(stream);
    }
  }

  @Test
  void aReplayWithAnInvalidLastLabelWritesNoRowValue() {
    try (LossEngine engine = open(12)) {
      Run run = new Run(engine, DType.F32, true);
      run.inputs = run.inputs.withDenominator(4);
      DeviceBuffer soft = engine.allocate(4L * ROWS);
      LossOutputs outputs = run.outputs().withRowSoft(RowVector.lossesAt(soft.address(), ROWS));
      try (PreparedLoss prepared = engine.prepare(LOSS, run.inputs, outputs)) {
        prepared.recordGraph();
        batchLabels[ROWS - 1] = CLASSES;
        Objects.requireNonNull(run.labels).upload(MemorySegment.ofArray(batchLabels));
        prepared.launch();
        assertThatThrownBy(prepared::totals).hasMessageContaining("labels: row 8 has label 37");
        assertThat(StubDriver.at(soft.address(), 4).get(JAVA_FLOAT, 0)).isNaN();
        batchLabels[ROWS - 1] = 0;
        Objects.requireNonNull(run.labels).upload(MemorySegment.ofArray(batchLabels));
        prepared.launch();
        assertThat(prepared.totals().countedRows()).isEqualTo(ROWS);
        assertThat(StubDriver.at(soft.address(), 4).get(JAVA_FLOAT, 0)).isNotNaN();
      }
    }
  }

  @Test
  void whatAGraphCannotHoldIsRefused() {
    try (LossEngine engine = open(12)) {
      Run onDevice = new Run(engine, DType.F32, true);
      try (PreparedLoss prepared = engine.prepare(LOSS, onDevice.inputs, onDevice.outputs())) {
        assertThatThrownBy(prepared::recordGraph).isInstanceOf(IllegalArgumentException.class).hasMessage(
            "a CUDA graph of a loss with a head holds its denominators as numbers, but reduction mean counts the "
            + "labels of each batch, or a denominator lies in memory; give denominator as a number, or set reduction "
            + "to sum or batch-mean");
      }
      Run onHost = new Run(engine, DType.F32, false);
      try (PreparedLoss prepared = engine.prepare(LOSS, onHost.inputs.withDenominator(4), onHost.outputs())) {
        assertThatThrownBy(prepared::recordGraph).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("a tensor lies in host memory, expected all of them in device memory");
        prepared.launch();
        assertThat(prepared.totals().countedRows()).isEqualTo(ROWS);
      }
    }
  }
}
