package dev.temper.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.Denominator;
import dev.temper.DeviceBuffer;
import dev.temper.DeviceMatrix;
import dev.temper.DistillationLoss;
import dev.temper.EngineOptions;
import dev.temper.HostMatrix;
import dev.temper.LinearHead;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossResult;
import dev.temper.MatrixView;
import dev.temper.PreparedLoss;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.cuda.cublas.CublasSearch;
import dev.temper.cuda.driver.Driver;
import dev.temper.cuda.driver.PrimaryContext;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole path of a linear head on CUDA: the check, cuBLAS through both bindings, row losses and stored sums. */
final class LinearHeadOnStubTest extends StubEngine {

  private static final DistillationLoss LOSS =
      DistillationLoss.builder().temperature(2).softWeight(0.7).hardWeight(0.3).build();
  private static final int ROWS = 9;
  private static final int CLASSES = 37;
  private static final int FEATURES = 7;
  private static final int TEACHER_FEATURES = 11;

  private final Random random = new Random(7);
  private final List<DeviceBuffer> buffers = new ArrayList<>();
  private final float[] hidden = floats(ROWS * FEATURES);
  private final float[] weight = floats(CLASSES * FEATURES);
  private final float[] bias = floats(CLASSES);
  private final float[] teacherHidden = floats(ROWS * TEACHER_FEATURES);
  private final float[] teacherWeight = floats(CLASSES * TEACHER_FEATURES);
  private final int[] batchLabels = random.ints(ROWS, 0, CLASSES).toArray();

  @AfterEach
  void findTheMachinesCublasAgain() {
    System.clearProperty(CublasSearch.LIBRARY_PROPERTY);
  }

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
      free();
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
      free();
    }
  }

  /** Work of the stub runs when something waits for it. */
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
      free();
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
      free();
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
      free();
    }
  }

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
      free();
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
      free();
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
        free();
      }
      Driver.destroyStream(stream);
    }
  }

  @Test
  void aReplayWithAnInvalidLastLabelWritesNoRowValue() {
    try (LossEngine engine = open(12)) {
      Run run = new Run(engine, DType.F32, true);
      run.inputs = run.inputs.withDenominator(4);
      DeviceBuffer soft = allocated(engine, 4 * ROWS);
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
      free();
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
      free();
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
      free();
    }
  }

  private LossEngine open(int major) {
    System.setProperty(CublasSearch.LIBRARY_PROPERTY, StubCublas.library(major).toString());
    return open(0, EngineOptions.defaults().withHeadWorkspace(2600));
  }

  /** A call with tensors on the device, or in host memory. */
  private final class Run {
    final LossEngine engine;
    final DType dtype;
    final MatrixView hiddenGradient;
    final MatrixView weightGradient;
    final MatrixView biasGradient;
    final @Nullable DeviceBuffer labels;
    LossInputs inputs;

    Run(LossEngine engine, DType dtype, boolean onDevice) {
      this.engine = engine;
      this.dtype = dtype;
      hiddenGradient = matrix(null, ROWS, FEATURES, onDevice);
      weightGradient = matrix(null, CLASSES, FEATURES, onDevice);
      biasGradient = matrix(null, 1, CLASSES, onDevice);
      LinearHead head = LinearHead.of(matrix(weight, CLASSES, FEATURES, onDevice))
          .withBias(matrix(bias, 1, CLASSES, onDevice));
      LinearHead teacher = LinearHead.of(matrix(teacherWeight, CLASSES, TEACHER_FEATURES, onDevice));
      labels = onDevice ? buffer(engine, MemorySegment.ofArray(batchLabels)) : null;
      inputs = LossInputs.hidden(matrix(hidden, ROWS, FEATURES, onDevice), head)
          .withTeacher(Teacher.hidden(matrix(teacherHidden, ROWS, TEACHER_FEATURES, onDevice), teacher))
          .withLabels(labels == null ? RowVector.labels(batchLabels) : labels.labels(ROWS, DType.I32));
    }

    LossOutputs outputs() {
      return LossOutputs.gradient(hiddenGradient).withWeightGradient(weightGradient).withBiasGradient(biasGradient);
    }

    LossResult compute() {
      return engine.forwardBackward(LOSS, inputs, outputs());
    }

    double[] hiddenAfter(LossResult result) {
      assertThat(result.totals().countedRows()).isEqualTo(ROWS);
      return read(hiddenGradient, ROWS * FEATURES);
    }

    double[][] gradients() {
      assertThat(compute().totals().countedRows()).isEqualTo(ROWS - 1);
      return new double[][] {read(hiddenGradient, ROWS * FEATURES), read(weightGradient, CLASSES * FEATURES),
          read(biasGradient, CLASSES)};
    }

    private MatrixView matrix(float @Nullable [] values, int rows, int columns, boolean onDevice) {
      MemorySegment host = MemorySegment.ofArray(new byte[rows * columns * dtype.bytes()]);
      for (int i = 0; i < rows * columns && values != null; i++) {
        if (dtype == DType.F32) {
          host.set(JAVA_FLOAT.withByteAlignment(1), 4L * i, values[i]);
        } else {
          host.set(JAVA_SHORT.withByteAlignment(1), 2L * i, dtype.narrow(values[i]));
        }
      }
      if (!onDevice) {
        return HostMatrix.of(host, rows, columns, dtype);
      }
      DeviceBuffer buffer = values == null ? allocated(engine, host.byteSize()) : buffer(engine, host);
      return buffer.matrix(rows, columns, dtype);
    }

    double[] read(MatrixView matrix, int count) {
      engine.synchronize();
      MemorySegment values = matrix instanceof HostMatrix host ? host.segment()
          : StubDriver.at(((DeviceMatrix) matrix).address(), matrix.byteSize());
      double[] read = new double[count];
      for (int i = 0; i < count; i++) {
        read[i] = dtype == DType.F32 ? values.get(JAVA_FLOAT.withByteAlignment(1), 4L * i)
            : dtype.widen(values.get(JAVA_SHORT.withByteAlignment(1), 2L * i));
      }
      return read;
    }
  }

  private static DeviceMatrix matrixAt(long address, int rows, int columns) {
    return new DeviceMatrix(address, rows, columns, columns, DType.F32);
  }

  private static float first(MatrixView matrix) {
    return StubDriver.at(((DeviceMatrix) matrix).address(), 4).get(JAVA_FLOAT, 0);
  }

  private DeviceBuffer buffer(LossEngine engine, MemorySegment content) {
    DeviceBuffer buffer = allocated(engine, content.byteSize());
    buffer.upload(content);
    return buffer;
  }

  private DeviceBuffer allocated(LossEngine engine, long bytes) {
    DeviceBuffer buffer = engine.allocate(bytes);
    buffers.add(buffer);
    return buffer;
  }

  private void free() {
    buffers.forEach(DeviceBuffer::close);
  }

  private float[] floats(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
