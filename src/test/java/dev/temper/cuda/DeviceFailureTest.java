package dev.temper.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.Availability;
import dev.temper.DType;
import dev.temper.DeviceException;
import dev.temper.DeviceMatrix;
import dev.temper.DistillationLoss;
import dev.temper.EngineOptions;
import dev.temper.EngineUnavailableException;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.Teacher;
import dev.temper.cuda.driver.CudaDriver;
import dev.temper.cuda.driver.CudaStream;
import dev.temper.cuda.driver.Driver;
import dev.temper.cuda.driver.DriverMemory;
import dev.temper.cuda.driver.DriverStreams;
import dev.temper.cuda.driver.GraphRecording;
import dev.temper.cuda.driver.PrimaryContext;
import dev.temper.cuda.nvrtc.HostBinaries;
import dev.temper.kernel.spec.BatchKernel;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.OptionalLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Tests failures of a device, and mistakes that the stub driver must find. */
final class DeviceFailureTest extends StubEngine {

  private static final int BYTES = 4096;

  @Test
  void outOfMemoryReportsNeededAndFreeBytes() {
    try (var _ = stub.with("CUDA_STUB_MEMORY", 1 << 20); LossEngine engine = open()) {
      assertThatThrownBy(() -> engine.allocate(1 << 21)).isInstanceOfSatisfying(DeviceException.class, e -> {
        assertThat(e).hasMessage("cuMemAlloc of 2097152 bytes failed with code 2 (CUDA_ERROR_OUT_OF_MEMORY); "
            + "1048576 of the device's 1048576 bytes are free; free some, or use fewer rows at once");
        assertThat(e.isOutOfMemory()).isTrue();
        assertThat(e.with("a larger call", "less").isOutOfMemory()).isTrue();
      });
    }
  }

  /** Tests a device with memory for the student, but not for both student and teacher. */
  @Test
  void aBatchThatDoesNotFitIsNotHalfWrittenAndLeavesTheEngineUsable() {
    try (var _ = stub.with("CUDA_STUB_MEMORY",
        1 << 20); LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1)) {
      HostMatrix logits = HostMatrix.of(new float[150_000], 10, 15_000);
      float[] gradient = new float[150_000];
      Arrays.fill(gradient, 7);
      assertThatThrownBy(() -> engine.forwardBackward(DistillationLoss.builder().build(),
          LossInputs.of(logits).withTeacher(Teacher.logits(logits)),
          LossOutputs.gradient(HostMatrix.of(gradient, 10, 15_000)))).isInstanceOf(DeviceException.class)
          .hasMessageMatching("cuMemAlloc of 6750\\d\\d bytes failed with code 2 \\(CUDA_ERROR_OUT_OF_MEMORY\\); "
              + "3\\d{5} of the device's 1048576 bytes are free; free some, or use fewer rows at once");
      assertThat(gradient).containsOnly(7);
      assertThat(batch.fromHost(engine).totals().countedRows()).isEqualTo(5);
    }
  }

  @Test
  void aDeviceThatCannotBeHadIsUnavailable() {
    try (var _ = stub.with("CUDA_STUB_BUSY", 1)) {
      assertThatThrownBy(this::open).isInstanceOf(EngineUnavailableException.class)
          .hasMessage("no CUDA: stub (no GPU) (compute capability 9.0, 1.0 GiB) cannot be used: "
              + "cuDevicePrimaryCtxRetain failed with "
              + "code 46 (CUDA_ERROR_DEVICE_UNAVAILABLE); another process has the device for itself; end it, or set "
              + "the compute mode back with "
              + "nvidia-smi -c 0");
    }
  }

  @Test
  void autoPassesOverADeviceThatCannotBeHad() {
    System.setProperty(CudaDriver.LIBRARY_PROPERTY, stub.library());
    try (var _ = stub.with("CUDA_STUB_BUSY", 1)) {
      assumeTrue(LossEngine.devices().getOrDefault("cuda", Availability.missing("")).usable(),
          "did not run: no NVRTC on this machine");
      try (LossEngine engine = LossEngine.open("auto")) {
        assertThat(engine.device()).isNotEqualTo("cuda");
        assertThat(engine.selection()).contains("cannot be used: cuDevicePrimaryCtxRetain failed with code 46");
      }
    } finally {
      System.clearProperty(CudaDriver.LIBRARY_PROPERTY);
    }
  }

  @Test
  void aLossThatCannotBePreparedLeavesNothingBehind() {
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1)) {
      engine.prepare(CudaBatch.LOSS, batch.inputs(), batch.outputs()).close();
      long before = stub.live();
      LossInputs unreachable = batch.inputs()
          .withTeacher(Teacher.logits(new DeviceMatrix(0x7000, CudaBatch.ROWS, CudaBatch.CLASSES,
          CudaBatch.CLASSES, DType.F32)));
      assertThatThrownBy(() -> engine.prepare(CudaBatch.LOSS, unreachable, batch.outputs()))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(stub.live()).isEqualTo(before);
    }
  }

  @Test
  void damagedCodeFromTheCacheIsCompiledOnceMore() {
    HostBinaries binaries = HostBinaries.damagedCache();
    try (LossEngine engine = open(0, EngineOptions.defaults(), binaries); CudaBatch batch = new CudaBatch(engine,
        1)) {
      batch.fromHost(engine);
      batch.fromHost(engine);
      assertThat(binaries.rebuilt()).hasSize(3).contains(BatchKernel.CHECK, BatchKernel.TOTALS);
    }
  }

  @Test
  void aDriverThatTakesNoCodeOfThisCompilerIsUnavailable() {
    assertThatThrownBy(() -> open(0, EngineOptions.defaults(), HostBinaries.foreign()))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessage("no CUDA: stub (no GPU) (compute capability 9.0, 1.0 GiB) cannot be used: cuModuleLoadData of 64 "
            + "bytes, kernel check, "
            + "failed with code 209 (CUDA_ERROR_NO_BINARY_FOR_GPU); the C++ compiler made it for compute capability "
            + "9.0, and the driver "
            + "serves CUDA 12.9; update the driver, or use a compiler of the driver's version");
  }

  @Test
  void codeForAnotherDeviceIsNotLoaded() {
    inContext(_ -> assertFails(() -> Driver.loadModule(new byte[64]),
        "cuModuleLoadData of 64 bytes failed with code 209 (CUDA_ERROR_NO_BINARY_FOR_GPU); the code is not for this "
        + "device"));
  }

  @Test
  void aFailedKernelIsReportedByTheNextWaitAndAllLaterCalls() {
    inContext(arena -> {
      long module = Driver.loadModule(ToyKernels.code());
      Driver.launch(Driver.function(module, "fails"), 1, 32, 0, 0, ToyKernels.parameters(arena, 0, 5, 0).address());
      assertFails(() -> DriverStreams.synchronizeStream(0),
          "cuStreamSynchronize failed with code 719 (CUDA_ERROR_LAUNCH_FAILED); a kernel of this launch or "
          + "an earlier one failed");
      assertFails(() -> DriverMemory.allocate(64), "719");
    });
  }

  @Test
  void aKernelIsNotGivenHostMemory() {
    inContext(arena -> {
      long module = Driver.loadModule(ToyKernels.code());
      MemorySegment host = arena.allocate(64);
      Driver.launch(Driver.function(module, "add"), 1, 32, 0, 0,
          ToyKernels.parameters(arena, host.address(), 1, 0).address());
      assertFails(() -> DriverStreams.synchronizeStream(0), "700 (CUDA_ERROR_ILLEGAL_ADDRESS)");
    });
  }

  @Test
  void aKernelThatWritesBehindItsMemoryIsFoundOut() {
    inContext(arena -> {
      long module = Driver.loadModule(ToyKernels.code());
      long memory = DriverMemory.allocate(BYTES);
      Driver.launch(Driver.function(module, "add"), 1, 32, 0, 0,
          ToyKernels.parameters(arena, memory, BYTES / 4 + 1, 1).address());
      assertFails(() -> DriverMemory.free(memory), "700 (CUDA_ERROR_ILLEGAL_ADDRESS)");
      Driver.unloadModule(module);
    });
  }

  @Test
  void pinnedMemoryThatIsFreedTooEarlyIsFoundOut() {
    inContext(_ -> {
      long memory = DriverMemory.allocate(BYTES);
      long pinned = DriverMemory.allocatePinned(BYTES, 0);
      DriverMemory.copyToDevice(pinned, memory, BYTES, 0);
      DriverMemory.freePinned(pinned);
      assertFails(() -> DriverStreams.synchronizeStream(0), "700 (CUDA_ERROR_ILLEGAL_ADDRESS)");
    });
  }

  @Test
  void whatCannotBeCapturedEndsTheCapture() {
    inContext(_ -> {
      long stream = DriverStreams.createStream(0);
      DriverStreams.beginCapture(stream);
      assertThatThrownBy(() -> DriverMemory.allocate(64)).isInstanceOf(DeviceException.class)
          .hasMessageContaining("900 (CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED); not possible while a stream is captured");
      assertFails(() -> DriverStreams.endCapture(stream), "901");
      DriverStreams.beginCapture(stream);
      assertThatThrownBy(() -> DriverMemory.fill(1, (byte) 0, 1, 0)).isInstanceOf(DeviceException.class);
      DriverStreams.destroyGraph(DriverStreams.endCapture(stream));
      DriverStreams.destroyStream(stream);
    });
  }

  @Test
  void aSequenceThatFailsLeavesTheStreamUsable() {
    PrimaryContext context = new PrimaryContext(0);
    try (context; var _ = context.enter(); CudaStream stream = CudaStream.of(OptionalLong.empty(), context)) {
      GraphRecording recording = new GraphRecording(context, stream);
      assertThatThrownBy(() -> recording.record(() -> {
        throw new IllegalStateException("in the midst of it");
      })).hasMessage("in the midst of it");
      DriverStreams.synchronizeStream(stream.handle());
    }
  }

  @Test
  void anEngineWhoseDeviceFailedCanBeClosedAndAnotherOpened() {
    LossEngine engine = open();
    CudaBatch batch = new CudaBatch(engine, 1);
    engine.synchronize();
    // Other code in this process runs a kernel that faults.
    inContext(arena -> {
      long module = Driver.loadModule(ToyKernels.code());
      Driver.launch(Driver.function(module, "fails"), 1, 32, 0, 0, ToyKernels.parameters(arena, 0, 5, 0).address());
      assertThatThrownBy(() -> DriverStreams.synchronizeStream(0)).isInstanceOf(DeviceException.class);
    });
    assertFails(() -> batch.fromHost(engine), "719");
    assertThatThrownBy(engine::close).isInstanceOf(DeviceException.class);
    try (LossEngine again = open(); CudaBatch other = new CudaBatch(again, 1)) {
      assertThat(other.fromHost(again).totals().countedRows()).isEqualTo(5);
    }
  }

  private static void assertFails(ThrowingCallable call, String message) {
    assertThatThrownBy(call).isInstanceOf(DeviceException.class).hasMessageContaining(message);
  }
}
