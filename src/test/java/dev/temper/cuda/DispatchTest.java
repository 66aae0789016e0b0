package dev.temper.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.DeviceException;
import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.PreparedLoss;
import dev.temper.Teacher;
import dev.temper.cuda.driver.Driver;
import dev.temper.cuda.driver.DriverStreams;
import dev.temper.cuda.driver.PrimaryContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the costs of a launch on the host: Java memory and driver calls. */
final class DispatchTest extends StubEngine {

  private static final int LAUNCHES = 200;
  /**
   * Number of measured rounds. Linking of call sites and the JIT compiler allocate in some rounds, but an allocation of
   * the launch itself would occur in every round.
   */
  private static final int ROUNDS = 10;

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Tests launches that are queued behind a failing kernel and therefore never run. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPreparedLossAllocatesNothingInJava(boolean graph) {
    AtomicLong bytes = new AtomicLong(Long.MAX_VALUE);
    PrimaryContext context = new PrimaryContext(0);
    try (context; Arena arena = Arena.ofConfined(); var _ = context.enter()) {
      long stream = DriverStreams.createStream(0);
      assertThatThrownBy(() -> {
        try (LossEngine engine = open(0,
            EngineOptions.defaults().withStream(stream)); CudaBatch batch = new CudaBatch(engine, 1);
            PreparedLoss prepared = engine.prepare(CudaBatch.LOSS, batch.inputs(), batch.outputs())) {
          if (graph) {
            prepared.recordGraph();
          }
          long fails = Driver.function(Driver.loadModule(ToyKernels.code()), "fails");
          Driver.launch(fails, 1, 32, 0, stream, ToyKernels.parameters(arena, 0, 1, 0).address());
          for (int round = 0; round < ROUNDS; round++) {
            bytes.accumulateAndGet(allocatedBy(prepared), Math::min);
          }
        }
      }).isInstanceOf(DeviceException.class).hasMessageContaining("719");
    }
    assertThat(bytes).hasValue(0);
  }

  /** Counts the calls for short rows: two for the context, one for each of four tensors, three kernels and an event. */
  @Test
  void anEagerCallMakesTenDriverCalls() {
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1)) {
      engine.forwardBackward(CudaBatch.LOSS, batch.inputs(), batch.outputs()).totals();
      long before = stub.calls();
      LossResult result = engine.forwardBackward(CudaBatch.LOSS, batch.inputs(), batch.outputs());
      assertThat(stub.calls() - before).isEqualTo(2 + 4 + 3 + 1);
      assertThat(result.totals().countedRows()).isEqualTo(CudaBatch.ROWS);
    }
  }

  /** Counts the calls of a prepared launch, which does not look up the tensors. A graph is one launch. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPreparedLaunchMakesSixDriverCallsAndAGraphFour(boolean graph) {
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1);
        PreparedLoss prepared = engine.prepare(CudaBatch.LOSS, batch.inputs(), batch.outputs())) {
      if (graph) {
        prepared.recordGraph();
      }
      long before = stub.calls();
      prepared.launch();
      assertThat(stub.calls() - before).isEqualTo(graph ? 2 + 1 + 1 : 2 + 3 + 1);
      assertThat(prepared.totals().countedRows()).isEqualTo(CudaBatch.ROWS);
    }
  }

  /**
   * Tests long rows, whose kernel also checks the rows and writes the report in the same launch. A graph of it has one
   * node, and its replays do not affect one another, even after a refusal.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aCallOfLongRowsIsOneLaunch(boolean graph) {
    int rows = 40;
    int classes = 3_000;
    long bytes = 4L * rows * classes;
    float[] logits = new float[rows * classes];
    int[] labels = new int[rows];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = i * 31 % 17;
    }
    Arrays.setAll(labels, row -> row * 70);
    try (LossEngine engine = open(); DeviceBuffer student = engine.allocate(bytes);
        DeviceBuffer teacher = engine.allocate(bytes); DeviceBuffer onDevice = engine.allocate(4L * rows);
        DeviceBuffer gradient = engine.allocate(bytes)) {
      student.upload(MemorySegment.ofArray(logits));
      for (int i = 0; i < logits.length; i++) {
        logits[i] = i * 17 % 11;
      }
      teacher.upload(MemorySegment.ofArray(logits));
      onDevice.upload(MemorySegment.ofArray(labels));
      LossInputs inputs = LossInputs.of(student.matrix(rows, classes, DType.F32))
          .withTeacher(Teacher.logits(teacher.matrix(rows, classes, DType.F32)))
          .withLabels(onDevice.labels(rows, DType.I32));
      LossOutputs outputs = LossOutputs.gradient(gradient.matrix(rows, classes, DType.F32));
      LossTotals expected = engine.forwardBackward(CudaBatch.LOSS, inputs, outputs).totals();
      long before = stub.calls();
      LossResult result = engine.forwardBackward(CudaBatch.LOSS, inputs, outputs);
      assertThat(stub.calls() - before).isEqualTo(2 + 4 + 1 + 1);
      assertThat(result.totals()).isEqualTo(expected);
      try (PreparedLoss prepared = engine.prepare(CudaBatch.LOSS, inputs, outputs)) {
        if (graph) {
          prepared.recordGraph();
        }
        before = stub.calls();
        prepared.launch();
        assertThat(stub.calls() - before).isEqualTo(2 + 1 + 1);
        assertThat(prepared.totals()).isEqualTo(expected);
        onDevice.upload(4L * 33, MemorySegment.ofArray(new int[] {classes}));
        prepared.launch();
        assertThatThrownBy(prepared::totals).hasMessageContaining("labels: row 33 has label 3000");
        onDevice.upload(4L * 33, MemorySegment.ofArray(new int[] {labels[33]}));
        for (int replay = 0; replay < 2; replay++) {
          prepared.launch();
          assertThat(prepared.totals()).isEqualTo(expected);
        }
      }
    }
  }

  private long allocatedBy(PreparedLoss prepared) {
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < LAUNCHES; i++) {
      prepared.launch();
    }
    return threads.getCurrentThreadAllocatedBytes() - before;
  }
}
