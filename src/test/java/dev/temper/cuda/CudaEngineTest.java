package dev.temper.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.LossEngine;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.PreparedLoss;
import dev.temper.cuda.nvrtc.HostBinaries;
import dev.temper.diagnostics.DeviceFacts;
import dev.temper.diagnostics.Stopwatch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Tests the CUDA engine without NVRTC and device. The compiler g++ builds the kernels, and the stub driver under JCuda
 * runs them.
 */
final class CudaEngineTest extends StubEngine {

  @Test
  void tellsThatItIsNoGpu() {
    assertThat(provider(HostBinaries.correct()).availability().description())
        .isEqualTo("cuda:0 (stub (no GPU) (compute capability 9.0, 1.0 GiB))");
    try (LossEngine engine = open()) {
      assertThat(engine.describe()).isEqualTo("cuda:0 (stub (no GPU), compute capability 9.0)");
      assertThat(engine.diagnostics().facts()).contains(
          new DeviceFacts("stub (no GPU)", "9.0", 4, 1L << 30, 1 << 20, "up to 16 blocks", "CUDA 12.9",
          "the C++ compiler"));
    }
  }

  @Test
  void isNotFoundByTestsThatLookForADriver() {
    stub.removeDevices();
    assertThat(new CudaEngineProvider().availability().description())
        .startsWith("no CUDA: the NVIDIA driver does not start: cuInit failed with code 100 (CUDA_ERROR_NO_DEVICE)");
  }

  @Test
  void aCallOverDeviceMemoryWaitsForNothingUntilItsResultIsRead() {
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1)) {
      engine.synchronize();
      LossResult result = engine.forwardBackward(CudaBatch.LOSS, batch.inputs(), batch.outputs());
      assertThat(batch.isGradientWritten()).isFalse();
      LossTotals totals = result.totals();
      assertThat(batch.isGradientWritten()).isTrue();
      assertThat(batch.result(totals)).isEqualTo(batch.fromHost(engine));
    }
  }

  @Test
  void anUnclosedPreparedLossIsReleasedWithItsEngine() {
    LossEngine engine = open();
    CudaBatch batch = new CudaBatch(engine, 1);
    PreparedLoss prepared = engine.prepare(CudaBatch.LOSS, batch.inputs(), batch.outputs());
    prepared.recordGraph();
    prepared.launch();
    engine.close();
    prepared.close();
    batch.close();
  }

  @Test
  void aBadLabelOnTheDeviceIsReportedWithItsRowAndNothingIsWritten() {
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1)) {
      batch.labels[3] = 99;
      batch.upload();
      LossResult result = engine.forwardBackward(CudaBatch.LOSS, batch.inputs(), batch.outputs());
      assertThatThrownBy(result::totals).isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("labels: row 3 has label 99");
      assertThat(batch.isGradientWritten()).isFalse();
    }
  }

  @Test
  void aPreparedLossSeesWhatItsTensorsHoldAtEachLaunch() {
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine, 1);
        PreparedLoss prepared = engine.prepare(CudaBatch.LOSS, batch.inputs(), batch.outputs())) {
      prepared.launch();
      assertThat(batch.result(prepared.totals())).isEqualTo(batch.fromHost(engine));
      batch.fill(2);
      prepared.launch();
      assertThat(batch.result(prepared.totals())).isEqualTo(batch.fromHost(engine));
      prepared.recordGraph();
      for (int seed = 3; seed < 6; seed++) {
        batch.fill(seed);
        prepared.launch();
        assertThat(batch.result(prepared.totals())).isEqualTo(batch.fromHost(engine));
      }
    }
  }

  @Test
  void buffersOfAnySizeComeBackAsTheyWent() {
    byte[] bytes = new byte[(40 << 20) + 12345];
    new Random(7).nextBytes(bytes);
    byte[] back = new byte[bytes.length];
    try (Arena arena = Arena.ofConfined(); LossEngine engine = open();
        DeviceBuffer buffer = engine.allocate(bytes.length); DeviceBuffer other = engine.allocate(bytes.length)) {
      MemorySegment there = arena.allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
      buffer.upload(there);
      there.fill((byte) 0);  // the copies may be in flight
      other.copyFrom(buffer);
      other.download(MemorySegment.ofArray(back));
      assertThat(MemorySegment.ofArray(back).mismatch(MemorySegment.ofArray(bytes))).isEqualTo(-1);
      byte[] first = new byte[3];
      other.download(MemorySegment.ofArray(first));
      assertThat(first).containsExactly(bytes[0], bytes[1], bytes[2]);
    }
  }

  @Test
  void aStopwatchTimesTheStream() {
    try (LossEngine engine = open(); CudaBatch batch = new CudaBatch(engine,
        1); Stopwatch watch = engine.diagnostics().stopwatch()) {
      watch.start();
      LossResult result = engine.forwardBackward(CudaBatch.LOSS, batch.inputs(), batch.outputs());
      assertThat(watch.stop()).isBetween(0.0, 10_000.0);
      assertThat(batch.isGradientWritten()).isTrue();
      assertThat(result.totals().rows()).isEqualTo(CudaBatch.ROWS);
    }
  }

  @Test
  void rowsThatNeedAllOfASharedMemoryRunInClustersOf16() {
    try (LossEngine engine = open(); DeviceBuffer logits = engine.allocate(4 * 262_144);
        DeviceBuffer index = engine.allocate(8)) {
      float[] values = new float[262_144];
      values[200_000] = 1;
      logits.upload(MemorySegment.ofArray(values));
      engine.argmax(logits.matrix(1, 262_144, DType.F32), index.labels(1, DType.I64));
      long[] found = new long[1];
      index.download(MemorySegment.ofArray(found));
      assertThat(found).containsExactly(200_000);
    }
  }
}
