package dev.temper.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.DeviceException;
import dev.temper.DistillationLoss;
import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.PreparedLoss;
import dev.temper.cuda.driver.CudaEvent;
import dev.temper.cuda.driver.CudaStream;
import dev.temper.cuda.driver.Driver;
import dev.temper.cuda.driver.DriverStreams;
import dev.temper.cuda.driver.PinnedMemory;
import dev.temper.cuda.nvrtc.HostBinaries;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Tests kernels that write to mapped host memory, and launches that depend on the memory of the previous launch. */
final class MappedMemoryTest extends StubEngine {

  private static final int BYTES = 256;

  @Test
  void theHostReadsWhatAKernelWrote() {
    inContext(arena -> {
      long module = Driver.loadModule(ToyKernels.code());
      try (PinnedMemory memory = PinnedMemory.mapped(BYTES); CudaEvent behind = CudaEvent.untimed()) {
        assertThat(memory.deviceAddress()).isEqualTo(memory.deviceAddress()).isNotEqualTo(memory.segment().address());
        memory.segment().fill((byte) 0);
        launch(arena, module, memory.deviceAddress());
        behind.record(new CudaStream(0, false));
        assertThat(memory.segment().get(ValueLayout.JAVA_FLOAT, 0)).as("nobody has waited yet").isZero();
        behind.await();
        assertThat(memory.segment().get(ValueLayout.JAVA_FLOAT, BYTES - 4)).isEqualTo(3);
      }
      Driver.unloadModule(module);
    });
  }

  @Test
  void theHostsOwnAddressIsNoneOfTheDevices() {
    inContext(arena -> {
      long module = Driver.loadModule(ToyKernels.code());
      PinnedMemory memory = PinnedMemory.mapped(BYTES);
      launch(arena, module, memory.segment().address());
      assertThatThrownBy(() -> DriverStreams.synchronizeStream(0)).isInstanceOf(DeviceException.class)
          .hasMessageContaining("700");
    });
  }

  @Test
  void memoryThatIsForCopiesHasNoAddressForKernels() {
    inContext(_ -> {
      try (PinnedMemory memory = PinnedMemory.forCopies(BYTES)) {
        assertThatThrownBy(memory::deviceAddress).isInstanceOf(DeviceException.class)
            .hasMessageStartingWith("cuMemHostGetDevicePointer failed with code 1 (CUDA_ERROR_INVALID_VALUE)");
      }
    });
  }

  @Test
  void memoryThatIsGoneBeforeAKernelWritesItIsFoundOut() {
    inContext(arena -> {
      long module = Driver.loadModule(ToyKernels.code());
      PinnedMemory memory = PinnedMemory.mapped(BYTES);
      launch(arena, module, memory.deviceAddress());
      memory.close();
      assertThatThrownBy(() -> DriverStreams.synchronizeStream(0)).isInstanceOf(DeviceException.class)
          .hasMessageContaining("700");
    });
  }

  @Test
  void kernelsThatDoNothingHaveFoundNothing() {
    try (LossEngine engine = open(0, EngineOptions.defaults(),
        HostBinaries.withoutCode()); CudaBatch batch = new CudaBatch(engine, 1)) {
      assertThat(batch.fromHost(engine).totals()).isEqualTo(LossTotals.of(0, 0, 0, 5, 0, 0));
    }
  }

  /** Tests a launch whose check is already submitted when the driver rejects the loss kernel. */
  @Test
  void aLaunchThatTheDriverRefusesLeavesNothingForTheNext() {
    int classes = 100_000;
    long bytes = 4L * 2 * classes;
    float[] logits = new float[2 * classes];
    Random random = new Random(1);
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) random.nextGaussian();
    }
    try (LossEngine engine = open(); DeviceBuffer student = engine.allocate(bytes);
        DeviceBuffer labels = engine.allocate(8);
        DeviceBuffer gradient = engine.allocate(bytes);
        PreparedLoss prepared = engine.prepare(DistillationLoss.hinton(1, 0),
            LossInputs.of(student.matrix(2, classes, DType.F32))
            .withLabels(labels.labels(2, DType.I32)), LossOutputs.gradient(gradient.matrix(2, classes, DType.F32)))) {
      student.upload(MemorySegment.ofArray(logits));
      labels.upload(MemorySegment.ofArray(new int[2]));
      prepared.launch();
      LossTotals expected = prepared.totals();
      for (boolean graph : new boolean[] {false, true}) {
        labels.upload(MemorySegment.ofArray(new int[] {0, classes}));
        try (var _ = stub.with("CUDA_STUB_CLUSTER", 1)) {
          assertThatThrownBy(() -> launchAnother(engine, prepared, graph)).isInstanceOf(DeviceException.class)
              .hasMessageContaining("912");
        }
        labels.upload(MemorySegment.ofArray(new int[2]));
        if (graph) {
          prepared.recordGraph();
        }
        for (int i = 0; i < 2; i++) {
          prepared.launch();
          assertThat(prepared.totals()).isEqualTo(expected);
        }
      }
      labels.upload(MemorySegment.ofArray(new int[] {0, classes}));
      prepared.launch();
      assertThatThrownBy(prepared::totals).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("row 1 has label 100000");
      labels.upload(MemorySegment.ofArray(new int[2]));
      prepared.launch();
      assertThat(prepared.totals()).isEqualTo(expected);
    }
  }

  /** Launches single kernels, or records a graph. */
  private static void launchAnother(LossEngine engine, PreparedLoss prepared, boolean graph) {
    if (graph) {
      prepared.recordGraph();
    } else {
      prepared.launch();
    }
    engine.synchronize();
  }

  private static void launch(Arena arena, long module, long address) {
    Driver.launch(Driver.function(module, "add"), 1, 32, 0, 0,
        ToyKernels.parameters(arena, address, BYTES / 4, 3).address());
  }
}
