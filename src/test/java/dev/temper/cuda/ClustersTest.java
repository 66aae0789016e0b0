package dev.temper.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.PreparedLoss;
import dev.temper.cuda.cublas.CublasSearch;
import dev.temper.cuda.driver.CudaDriver;
import dev.temper.cuda.nvrtc.HostBinaries;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests that larger clusters than the driver reports are never launched. The stub driver rejects them. */
final class ClustersTest extends StubEngine {

  @ParameterizedTest
  @CsvSource({"9.0, 16, 16, up to 16 blocks", "9.0, 8, 8, up to 8 blocks", "9.0, 6, 4, up to 4 blocks",
      "9.0, 2, 2, up to 2 blocks",
      "9.0, 1, 1, none can be placed", "12.0, 8, 8, up to 8 blocks", "8.0, 16, 1, none before compute capability 9.0"})
  void theLargestClusterIsQueried(String capability, int placed, int largest, String described) {
    try (var _ = stub.with("CUDA_STUB_CAPABILITY", capability); var _ = stub.with("CUDA_STUB_CLUSTER", placed)) {
      CudaDriver driver = stub.driver();
      try (CudaKernelDevice device = new CudaKernelDevice(driver.devices().getFirst(), driver, OptionalLong.empty(),
          HostBinaries.correct(), CublasSearch.ofMachine(), false)) {
        assertThat(device.limits().maxCluster()).isEqualTo(largest);
        assertThat(device.facts().clusters()).isEqualTo(described);
      }
    }
  }

  @Test
  void aFailedQueryIsDescribedAndTheEngineWorks() {
    try (var _ = stub.with("CUDA_STUB_CLUSTER_ERROR",
        1); LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1)) {
      assertThat(engine.diagnostics().facts().orElseThrow().clusters())
          .isEqualTo("none can be placed: cuOccupancyMaxActiveClusters failed for "
          + "16 blocks with code 1 (CUDA_ERROR_INVALID_VALUE), 8 blocks with code 1 (CUDA_ERROR_INVALID_VALUE), "
          + "4 blocks with code 1 (CUDA_ERROR_INVALID_VALUE), 2 blocks with code 1 (CUDA_ERROR_INVALID_VALUE)");
      assertThat(batch.fromHost(engine).totals().countedRows()).isEqualTo(5);
    }
  }

  @Test
  void aSliceWithFewMultiprocessorsComputesLongRowsInSmallClusters() {
    int classes = 100_000;
    long bytes = 4L * classes;
    try (var _ = stub.with("CUDA_STUB_CLUSTER",
        2); LossEngine engine = open(); DeviceBuffer student = engine.allocate(bytes);
        DeviceBuffer labels = engine.allocate(4); DeviceBuffer gradient = engine.allocate(bytes);
        PreparedLoss prepared = engine.prepare(DistillationLoss.hinton(1, 0),
            LossInputs.of(student.matrix(1, classes, DType.F32))
            .withLabels(labels.labels(1, DType.I32)), LossOutputs.gradient(gradient.matrix(1, classes, DType.F32)))) {
      student.upload(0, MemorySegment.ofArray(new float[classes]));
      labels.upload(0, MemorySegment.ofArray(new int[1]));
      prepared.launch();
      assertThat(prepared.totals().total()).isCloseTo(Math.log(classes), offset(1e-5));
      assertThat(prepared.footprint().orElseThrow().plan()).as("400 kB in two blocks").contains("shared-cluster2-");
    }
  }
}
