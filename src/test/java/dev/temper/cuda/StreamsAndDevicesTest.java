package dev.temper.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DeviceMatrix;
import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossResult;
import dev.temper.PreparedLoss;
import dev.temper.Teacher;
import dev.temper.cuda.driver.BorrowedMemory;
import dev.temper.cuda.driver.DriverMemory;
import dev.temper.cuda.driver.DriverStreams;
import dev.temper.cuda.driver.PinnedMemory;
import dev.temper.cuda.driver.PrimaryContext;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUmemAttach_flags;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests borrowed streams, borrowed memory, several devices and several threads. */
final class StreamsAndDevicesTest extends StubEngine {

  @Test
  void aBorrowedStreamIsUsedAndKept() {
    try (BorrowedStream stream = new BorrowedStream()) {
      try (LossEngine engine = open(0, EngineOptions.defaults().withStream(stream.handle()));
          CudaBatch batch = new CudaBatch(engine, 1)) {
        LossResult result = engine.forwardBackward(CudaBatch.LOSS, batch.inputs(), batch.outputs());
        assertThat(batch.isGradientWritten()).isFalse();
        stream.synchronize();
        assertThat(batch.isGradientWritten()).isTrue();
        assertThat(batch.result(result.totals())).isEqualTo(batch.fromHost(engine));
      }
      stream.synchronize();
    }
  }

  @Test
  void theOwnerOfAStreamCanTakeALaunchIntoAGraph() {
    try (BorrowedStream stream = new BorrowedStream();
        LossEngine engine = open(0, EngineOptions.defaults().withStream(stream.handle()));
        CudaBatch batch = new CudaBatch(engine, 1);
        PreparedLoss prepared = engine.prepare(CudaBatch.LOSS, batch.inputs(), batch.outputs())) {
      engine.synchronize();
      try (BorrowedStream.Graph graph = stream.capture(prepared)) {
        stream.synchronize();
        assertThat(batch.isGradientWritten()).as("recorded, not launched").isFalse();
        for (int seed = 2; seed < 5; seed++) {
          batch.fill(seed);
          graph.launch();
          assertThat(batch.result(prepared.totals())).isEqualTo(batch.fromHost(engine));
        }
        batch.labels[2] = 99;
        batch.upload();
        graph.launch();
        assertThatThrownBy(prepared::totals).isInstanceOf(IllegalArgumentException.class)
            .hasMessageStartingWith("labels: row 2 has label 99");
        batch.fill(5);
        prepared.launch();
        assertThat(batch.result(prepared.totals())).as("outside of the graph again").isEqualTo(batch.fromHost(engine));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2})
  void defaultStreamsCanBeBorrowed(long stream) {
    try (LossEngine engine = open(0,
        EngineOptions.defaults().withStream(stream)); CudaBatch batch = new CudaBatch(engine, 1);
        PreparedLoss prepared = engine.prepare(CudaBatch.LOSS, batch.inputs(), batch.outputs())) {
      if (stream == 2) {
        prepared.recordGraph();
      } else {
        assertThatThrownBy(prepared::recordGraph).isInstanceOf(IllegalArgumentException.class)
            .hasMessageStartingWith("the legacy default stream cannot be recorded as a graph; open the engine without "
                + "a stream");
      }
      prepared.launch();
      assertThat(batch.result(prepared.totals())).isEqualTo(batch.fromHost(engine));
    }
  }

  @Test
  void aStreamOfAnotherDeviceIsRefused() {
    PrimaryContext other = new PrimaryContext(1);
    try (other; var _ = other.enter()) {
      long stream = DriverStreams.createStream(0);
      assertThatThrownBy(() -> open(0, EngineOptions.defaults().withStream(stream)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("is not of this device's primary context");
      DriverStreams.destroyStream(stream);
    }
  }

  @Test
  void twoDevicesWorkConcurrentlyAndTheirMemoryIsDistinguished() {
    try (LossEngine first = open(); LossEngine second = open(1, EngineOptions.defaults());
        CudaBatch here = new CudaBatch(first, 1); CudaBatch there = new CudaBatch(second, 2)) {
      LossResult one = first.forwardBackward(CudaBatch.LOSS, here.inputs(), here.outputs());
      LossResult two = second.forwardBackward(CudaBatch.LOSS, there.inputs(), there.outputs());
      assertThat(there.result(two.totals())).isEqualTo(there.fromHost(second));
      assertThat(here.result(one.totals())).isEqualTo(here.fromHost(first));
      assertThatThrownBy(() -> first.forwardBackward(CudaBatch.LOSS,
          here.inputs().withTeacher(Teacher.logits(there.onDevice.matrix(5, 37, DType.F32))),
          here.outputs())).isInstanceOf(IllegalArgumentException.class)
          .hasMessageMatching("teacher is at device address 0x[0-9a-f]+, but its first byte lies on cuda:1, expected "
              + "740 bytes on cuda:0; "
              + "copy it, or open engine cuda:1");
    }
    assertThatThrownBy(() -> open(2, EngineOptions.defaults())).isInstanceOf(IllegalArgumentException.class)
        .hasMessage("device cuda:2 does not exist, expected cuda:0 to cuda:1");
  }

  @Test
  void addressesThatAreNoDeviceMemoryAreRefusedBeforeALaunch() {
    PrimaryContext framework = new PrimaryContext(0);
    try (framework; var _ = framework.enter(); LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine,
        1);
        PinnedMemory pinned = PinnedMemory.forCopies(CudaBatch.BYTES)) {
      assertRefused(engine, batch, matrix(0x7000),
          "student is at device address 0x7000, but its first byte is not memory of the CUDA "
          + "driver, expected 740 bytes on cuda:0; give the device address");
      assertRefused(engine, batch, matrix(pinned.segment().address()), "but its first byte lies in host memory");
      assertRefused(engine, batch, matrix(batch.onDevice.address() + 4),
          "but its last byte is not memory of the CUDA driver");
      assertRefused(engine, batch, matrix(batch.onDevice.address() + 2), "expected a multiple of 4");
    }
  }

  /** Tests a large reserved range of which a part is mapped, as in PyTorch's expandable segments. */
  @Test
  void memoryThatIsMappedInPiecesIsCheckedAtBothEnds() {
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine,
        1); var _ = stub.with("CUDA_STUB_RESERVED", 1)) {
      LossResult result = engine.forwardBackward(CudaBatch.LOSS, batch.inputs(), batch.outputs());
      assertThat(batch.result(result.totals())).isEqualTo(batch.fromHost(engine));
      assertRefused(engine, batch, matrix(batch.onDevice.address() + 4),
          "but its last byte is not memory of the CUDA driver");
    }
  }

  private static final class Managed extends CUdeviceptr {
    @Override
    protected long getNativePointer() {
      return super.getNativePointer();
    }
  }

  @Test
  void managedMemoryIsAccepted() {
    PrimaryContext framework = new PrimaryContext(1);
    try (framework; var _ = framework.enter()) {
      Managed managed = new Managed();
      assertThat(JCudaDriver.cuMemAllocManaged(managed, CudaBatch.BYTES, CUmemAttach_flags.CU_MEM_ATTACH_GLOBAL))
          .isZero();
      long address = managed.getNativePointer();
      new BorrowedMemory(0).require("student", address, CudaBatch.BYTES);
      assertThatThrownBy(() -> new BorrowedMemory(0).require("student", address, CudaBatch.BYTES + 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(JCudaDriver.cuMemFree(managed)).isZero();
    }
  }

  private static DeviceMatrix matrix(long address) {
    return new DeviceMatrix(address, CudaBatch.ROWS, CudaBatch.CLASSES, CudaBatch.CLASSES, DType.F32);
  }

  private static void assertRefused(LossEngine engine, CudaBatch batch, DeviceMatrix student, String message) {
    LossInputs inputs = LossInputs.of(student)
        .withTeacher(Teacher.logits(batch.teacherOnDevice.matrix(5, 37, DType.F32)))
        .withLabels(batch.labelsOnDevice.labels(5, DType.I32));
    assertThatThrownBy(() -> engine.forwardBackward(CudaBatch.LOSS, inputs, batch.outputs()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void threadsShareAnEngine() throws Exception {
    try (LossEngine engine = open(); ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> work = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        int seed = 100 * thread;
        work.add(threads.submit(() -> {
          try (CudaBatch batch = new CudaBatch(engine, seed)) {
            for (int step = 0; step < 20; step++) {
              batch.fill(seed + step);
              LossResult result = engine.forwardBackward(CudaBatch.LOSS, batch.inputs(), batch.outputs());
              assertThat(batch.result(result.totals())).isEqualTo(batch.fromHost(engine));
            }
          }
        }));
      }
      for (Future<?> each : work) {
        each.get();
      }
    }
  }

  @Test
  void theThreadsOwnContextIsLeftAsItWas() {
    PrimaryContext framework = new PrimaryContext(1);
    try (framework; var _ = framework.enter(); LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine,
        1)) {
      assertThat(batch.fromHost(engine).totals().rows()).isEqualTo(5);
      long memory = DriverMemory.allocate(64);  // in the framework's context
      assertThat(DriverMemory.pointerAttributes(memory).device()).isEqualTo(1);
      DriverMemory.free(memory);
    }
  }
}
