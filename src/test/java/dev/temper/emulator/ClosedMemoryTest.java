package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.PreparedLoss;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests memory that is closed before a launch or during a call. Kernels access it in place, and an access to closed
 * memory would end the process.
 */
final class ClosedMemoryTest extends EmulatorTest {

  private static final DistillationLoss LOSS = DistillationLoss.hinton(2, 0.7);
  private static final int ROWS = 4;
  private static final int CLASSES = 2_000;

  @ParameterizedTest
  @ValueSource(strings = {"student", "teacher", "labels", "row_weights", "row_temperatures", "gradient", "row_soft",
      "row_hard"})
  void aLaunchAfterTheArenaOfATensorWasClosedIsRefused(String closed) {
    try (Arena open = Arena.ofShared()) {
      Arena other = Arena.ofShared();
      Tensors tensors = new Tensors(name -> name.equals(closed) ? other : open, ROWS);
      try (PreparedLoss prepared = engine().prepare(LOSS, tensors.inputs(), tensors.outputs())) {
        prepared.launch();
        LossTotals totals = prepared.totals();
        other.close();
        assertThatThrownBy(prepared::launch).isInstanceOf(IllegalStateException.class)
            .hasMessageStartingWith(closed + " lies in memory that was closed; keep its arena or buffer open");
        assertThat(prepared.totals()).isEqualTo(totals);
      }
    }
  }

  @Test
  void aLaunchAfterAHeapTensorsNeighbourWasClosedIsRefused() {
    Arena arena = Arena.ofShared();
    MemorySegment misaligned = arena.allocate(4L * 3 + 1).asSlice(1);
    try (PreparedLoss prepared = engine().prepare(DistillationLoss.hinton(1, 0),
        LossInputs.of(HostMatrix.of(misaligned, 1, 3, DType.F32)).withLabels(RowVector.labels(0)),
        LossOutputs.none())) {
      prepared.launch();
      arena.close();
      assertThatThrownBy(prepared::launch).isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("student lies in memory that was closed");
    }
  }

  @Test
  void aLaunchAfterADeviceBufferWasClosedIsRefused() {
    try (DeviceBuffer labels = engine().allocate(4); DeviceBuffer other = engine().allocate(1 << 20)) {
      DeviceBuffer student = engine().allocate(1 << 20);
      student.upload(MemorySegment.ofArray(new float[1 << 18]));
      labels.upload(MemorySegment.ofArray(new int[1]));
      try (PreparedLoss prepared = engine().prepare(DistillationLoss.hinton(1, 0),
          LossInputs.of(student.matrix(1, 1 << 18, DType.F32)).withLabels(labels.labels(1, DType.I32)),
          LossOutputs.gradient(other.matrix(1, 1 << 18, DType.F32)))) {
        prepared.launch();
        student.close();
        assertThatThrownBy(prepared::launch).isInstanceOf(IllegalStateException.class)
            .hasMessageStartingWith("student lies in memory that was closed");
      }
    }
  }

  @Test
  void aLaunchOverMemoryOfAnotherThreadIsRefused() throws Exception {
    try (Arena arena = Arena.ofConfined(); ExecutorService thread = Executors.newSingleThreadExecutor()) {
      Tensors tensors = new Tensors(_ -> arena, ROWS);
      try (PreparedLoss prepared = engine().prepare(LOSS, tensors.inputs(), tensors.outputs())) {
        assertThatThrownBy(() -> thread.submit(prepared::launch).get()).hasCauseInstanceOf(WrongThreadException.class);
        prepared.launch();
        assertThat(prepared.totals().countedRows()).isEqualTo(ROWS);
      }
    }
  }

  /** Tests that the call fails if the arena was closed before, and that closing fails if the call runs. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anArenaIsNotClosedDuringACall(boolean prepared) throws Exception {
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      boolean refused = false;
      for (int delay = 0; !refused; delay++) {
        assertThat(delay).as("attempts to close an arena during a call of some 50 ms").isLessThan(200);
        refused = closeDuringACall(prepared, threads, delay);
      }
    }
  }

  /** Whether closing was refused at least once. */
  private boolean closeDuringACall(boolean prepared, ExecutorService threads, int delay) throws Exception {
    Arena arena = Arena.ofShared();
    Tensors tensors = new Tensors(_ -> arena, 200);
    AtomicBoolean began = new AtomicBoolean();
    Future<LossTotals> call = threads.submit(() -> {
      if (!prepared) {
        began.set(true);
        return engine().forwardBackward(LOSS, tensors.inputs(), tensors.outputs()).totals();
      }
      try (PreparedLoss loss = engine().prepare(LOSS, tensors.inputs(), tensors.outputs())) {
        began.set(true);
        loss.launch();
        return loss.totals();
      }
    });
    while (!began.get() && !call.isDone()) {
      Thread.onSpinWait();
    }
    Thread.sleep(delay);
    boolean refused = false;
    for (boolean closed = false; !closed; ) {
      try {
        arena.close();
        closed = true;
      } catch (IllegalStateException e) {
        assertThat(e).hasMessageContaining("acquired");
        refused = true;
        Thread.sleep(1);
      }
    }
    try {
      assertThat(call.get().countedRows()).isEqualTo(200);
    } catch (ExecutionException e) {
      assertThat(e).hasCauseInstanceOf(IllegalStateException.class);
      assertThat(e.getMessage()).containsAnyOf("lies in memory that was closed", "Already closed");
    }
    return refused;
  }

  private interface Arenas {
    Arena of(String tensor);
  }

  /** A batch with every tensor that a call can have, each in the arena for its name. */
  private record Tensors(Arenas arenas, int rows) {

    private HostMatrix matrix(String name) {
      return HostMatrix.of(arenas.of(name).allocate(ValueLayout.JAVA_FLOAT, (long) rows * CLASSES), rows, CLASSES,
          DType.F32);
    }

    private RowVector vector(String name, float value) {
      MemorySegment segment = arenas.of(name).allocate(ValueLayout.JAVA_FLOAT, rows);
      for (int row = 0; row < rows; row++) {
        segment.setAtIndex(ValueLayout.JAVA_FLOAT, row, value);
      }
      return name.equals("row_weights") ? RowVector.weights(segment, rows, DType.F32)
          : name.equals("row_temperatures") ? RowVector.temperatures(segment, rows, DType.F32)
          : RowVector.losses(segment, rows, DType.F32);
    }

    LossInputs inputs() {
      return LossInputs.of(matrix("student")).withTeacher(Teacher.logits(matrix("teacher")))
          .withLabels(RowVector.labels(arenas.of("labels").allocate(ValueLayout.JAVA_INT, rows), rows, DType.I32))
          .withRowWeights(vector("row_weights", 1)).withRowTemperatures(vector("row_temperatures", 2));
    }

    LossOutputs outputs() {
      return LossOutputs.gradient(matrix("gradient")).withRowSoft(vector("row_soft", 0))
          .withRowHard(vector("row_hard", 0));
    }
  }
}
