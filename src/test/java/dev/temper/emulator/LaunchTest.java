package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.PreparedLoss;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Tests prepared calls, calls whose results are read late or never, and calls of many threads. */
final class LaunchTest extends EmulatorTest {

  private final DeviceBatch batch = new DeviceBatch(5, 100, 5);

  @Test
  void aPreparedLossComputesWhatItsTensorsHold() {
    DeviceBatch other = new DeviceBatch(5, 100, 6);
    DeviceBatch.Bits first = batch.onHeap(engine());
    DeviceBatch mixed = new DeviceBatch(5, 100, 5);
    System.arraycopy(other.student, 0, mixed.student, 0, mixed.student.length);
    DeviceBatch.Bits second = mixed.onHeap(engine());
    try (DeviceBatch.Buffers buffers = batch.new Buffers(engine());
        PreparedLoss prepared = engine().prepare(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs())) {
      assertThatThrownBy(prepared::totals).isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("nothing was launched yet");
      for (int i = 0; i < 50; i++) {
        boolean odd = i % 2 == 1;
        buffers.ofStudent.upload(MemorySegment.ofArray(odd ? other.student : batch.student));
        prepared.launch();
        if (i % 5 == 0) {
          batch.onHeap(engine());  // a call between the launch and its totals
        }
        assertThat(new DeviceBatch.Bits(prepared.totals(), buffers.gradient()).same(odd ? second : first)).isTrue();
      }
      assertThat(prepared.totals()).isEqualTo(second.totals());
    }
  }

  @Test
  void aPreparedLossCopiesHostTensorsAtEachLaunch() {
    float[] student = new float[500];
    float[] gradient = new float[500];
    LossInputs inputs = LossInputs.of(HostMatrix.of(student, 5, 100))
        .withTeacher(Teacher.logits(HostMatrix.of(batch.teacher, 5, 100)))
        .withLabels(RowVector.labels(batch.labels));
    try (PreparedLoss prepared = engine()
        .prepare(DeviceBatch.LOSS, inputs, LossOutputs.gradient(HostMatrix.of(gradient, 5, 100)))) {
      System.arraycopy(batch.student, 0, student, 0, 500);
      prepared.launch();
      assertThat(new DeviceBatch.Bits(prepared.totals(), MemorySegment.ofArray(gradient)).same(batch.onHeap(engine())))
          .isTrue();
    }
  }

  @Test
  void totalsReportABadLabelAndNothingIsWritten() {
    try (DeviceBatch.Buffers buffers = batch.new Buffers(engine());
        PreparedLoss prepared = engine().prepare(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs())) {
      prepared.launch();
      MemorySegment before = buffers.gradient();
      int[] labels = batch.labels.clone();
      labels[3] = 100;
      labels[4] = -7;
      buffers.ofLabels.upload(MemorySegment.ofArray(labels));
      prepared.launch();
      assertThatThrownBy(prepared::totals).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("labels: row 3 has label 100");
      assertThat(buffers.gradient().mismatch(before)).isEqualTo(-1);
      LossResult late = engine().forwardBackward(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs());
      assertThatThrownBy(late::totals).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("row 3");
      assertThatThrownBy(late::totals).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("row 3");
      buffers.ofLabels.upload(MemorySegment.ofArray(batch.labels));
      prepared.launch();
      assertThat(prepared.totals()).isEqualTo(batch.onHeap(engine()).totals());
    }
  }

  @Test
  void aClosedPreparedLossIsRefused() {
    try (DeviceBatch.Buffers buffers = batch.new Buffers(engine())) {
      PreparedLoss prepared = engine().prepare(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs());
      assertThatThrownBy(prepared::recordGraph).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no CUDA graphs");
      prepared.close();
      prepared.close();
      assertThatThrownBy(prepared::launch).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
      assertThatThrownBy(prepared::totals).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
    }
  }

  @Test
  void totalsAreTheirOwnCallsHoweverLateTheyAreRead() {
    List<DeviceBatch> batches = IntStream.range(0, 8).mapToObj(i -> new DeviceBatch(2 + i, 100, 10 + i)).toList();
    List<LossTotals> expected = batches.stream().map(b -> b.onHeap(engine()).totals()).toList();
    List<LossResult> results = new ArrayList<>();
    List<DeviceBatch.Buffers> buffers = new ArrayList<>();
    for (DeviceBatch each : batches) {
      DeviceBatch.Buffers own = each.new Buffers(engine());
      buffers.add(own);
      results.add(engine().forwardBackward(DeviceBatch.LOSS, own.inputs(), own.outputs()));
    }
    for (int i = 7; i >= 0; i--) {
      assertThat(results.get(i).totals()).isEqualTo(expected.get(i));
      assertThat(results.get(i).totals()).isEqualTo(expected.get(i));
    }
    buffers.forEach(DeviceBatch.Buffers::close);
  }

  @Test
  void totalsReadBeforeTheEngineIsClosedStayAndOthersAreRefused() {
    Emulator own = Emulator.of("9.0");
    DeviceBatch.Buffers buffers = batch.new Buffers(own.engine());
    LossResult read = own.engine().forwardBackward(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs());
    LossTotals totals = read.totals();
    LossResult unread = own.engine().forwardBackward(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs());
    own.close();
    assertThat(read.totals()).isEqualTo(totals);
    assertThatThrownBy(unread::totals).isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the engine was closed before these totals were read");
    buffers.close();
  }

  /** Tests that the slots of unread results are used again after a garbage collection. */
  @Test
  void unreadResultsReleaseTheirSlots() throws InterruptedException {
    try (DeviceBatch.Buffers buffers = batch.new Buffers(engine())) {
      for (int i = 0; i < 300; i++) {
        engine().forwardBackward(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs());
        if (i % 100 == 99) {
          System.gc();
          Thread.sleep(20);
        }
      }
      LossTotals totals = engine().forwardBackward(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs()).totals();
      assertThat(totals).isEqualTo(batch.onHeap(engine()).totals());
    }
  }

  @Test
  void tenThreadsGetTheBitsOfASerialRun() throws Exception {
    List<DeviceBatch> batches = List.of(new DeviceBatch(9, 10, 1), new DeviceBatch(3, 1_000, 2),
        new DeviceBatch(2, 3_001, 3));
    List<DeviceBatch.Bits> serial = batches.stream().map(b -> b.onHeap(engine())).toList();
    LossEngine shared = engine();
    List<Callable<Long>> work = new ArrayList<>();
    for (int thread = 0; thread < 10; thread++) {
      int first = thread;
      work.add(() -> IntStream.range(first, first + 12).filter(n -> {
        DeviceBatch own = batches.get(n % 3);
        return !(n % 2 == 0 ? own.onHeap(shared) : own.onDevice(shared)).same(serial.get(n % 3));
      }).count());
    }
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      for (Future<Long> done : threads.invokeAll(work)) {
        assertThat(done.get()).isZero();
      }
    }
  }
}
