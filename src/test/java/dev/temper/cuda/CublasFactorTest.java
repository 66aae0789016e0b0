package dev.temper.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DeviceException;
import dev.temper.DeviceMatrix;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.cuda.nvrtc.HostBinaries;
import dev.temper.kernel.device.DeviceProducts;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.spi.Products.Operand;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests products whose alpha and beta lie in device memory, which use the pointer mode of cuBLAS. */
final class CublasFactorTest extends StubEngine {

  @ParameterizedTest
  @ValueSource(ints = {12, 13})
  void theScalarsAreReadWhenTheProductRuns(int major) {
    try (KernelDevice device = device(major); DeviceProducts products = device.products()) {
      long memory = device.allocate(24);
      Operand left = one(memory + 12);
      Operand right = one(memory + 16);
      MatrixView result = one(memory + 20).matrix();
      KernelLaunch graph = device.record(() -> {
        products.multiply(at(memory), left, right, false, result);
        products.multiply(at(memory), left, right, true, result);
      });
      for (float alpha : new float[] {1, -0.5f}) {
        device.upload(MemorySegment.ofArray(new float[] {alpha, 0, 1, 2, 3, Float.NaN}), memory);
        graph.run();
        device.synchronize();
        assertThat(value(memory + 20)).isEqualTo(2 * 6 * alpha);
      }
      device.upload(MemorySegment.ofArray(new float[] {0, 1, 1, 2, 3, 5}), memory);
      graph.run();
      device.synchronize();
      assertThat(value(memory + 20)).as("an alpha of 0 and betas of 1").isEqualTo(5);
      products.multiply(7, left, right, 0, result);
      device.synchronize();
      assertThat(value(memory + 20)).as("a factor of the host after those of the device").isEqualTo(7 * 6);
      graph.close();
      device.free(memory);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {12, 13})
  void scalarsOutsideDeviceMemoryAreFoundOut(int major) {
    try (KernelDevice device = device(major); DeviceProducts products = device.products()) {
      long memory = device.allocate(4);
      assertThatThrownBy(() -> products.multiply(at(0x7000), one(memory), one(memory), false, one(memory).matrix()))
          .isInstanceOf(DeviceException.class).hasMessageContaining("code 13 (CUBLAS_STATUS_EXECUTION_FAILED)");
      device.free(memory);
    }
  }

  private KernelDevice device(int major) {
    return new CudaKernelDevice(stub.driver().devices().getFirst(), stub.driver(), OptionalLong.empty(),
        HostBinaries.withoutCode(), StubCublas.search(major), false);
  }

  private static RowVector.Device at(long address) {
    return (RowVector.Device) RowVector.weightsAt(address, 3);
  }

  private static Operand one(long address) {
    return Operand.of(new DeviceMatrix(address, 1, 1, 1, DType.F32));
  }

  private static float value(long address) {
    return StubDriver.at(address, 4).get(JAVA_FLOAT, 0);
  }
}
