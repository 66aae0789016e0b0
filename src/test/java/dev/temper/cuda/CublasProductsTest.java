package dev.temper.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DeviceException;
import dev.temper.DeviceMatrix;
import dev.temper.EngineUnavailableException;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.cuda.cublas.CublasSearch;
import dev.temper.cuda.nvrtc.HostBinaries;
import dev.temper.kernel.device.DeviceProducts;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.device.ProductCase;
import dev.temper.spi.Products.Operand;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Properties;
import jcuda.jcublas.JCublas2;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests products with the stand-ins for cuBLAS: version 12 through JCublas, and version 13 through FFM. */
final class CublasProductsTest extends StubEngine {

  @ParameterizedTest
  @CsvSource({"12, F32, F32", "12, BF16, F32", "12, BF16, BF16", "12, F16, F32", "12, F16, F16",
      "13, F32, F32", "13, BF16, F32", "13, BF16, BF16", "13, F16, F32", "13, F16, F16"})
  void productsAreExactUpToOneRounding(int major, DType factors, DType written) {
    try (KernelDevice device = device(0, major); DeviceProducts products = device.products()) {
      assertThat(products.describe()).isEqualTo(library(major));
      ProductCase.of(factors, written).forEach(product -> product.check(device, products));
    }
  }

  /** TF32 has 10 fraction bits. */
  @ParameterizedTest
  @ValueSource(ints = {12, 13})
  void tf32RoundsFactorsOfF32OnRequest(int major) {
    for (boolean tf32 : new boolean[] {false, true}) {
      try (KernelDevice device = device(0, major, tf32); DeviceProducts products = device.products()) {
        assertThat(products.describe()).isEqualTo(library(major) + (tf32 ? ", F32 in TF32" : ""));
        long memory = device.allocate(12);
        device.upload(MemorySegment.ofArray(new float[] {1 + 0x1p-12f, 2}), memory);
        products.multiply(1, Operand.of(new DeviceMatrix(memory, 1, 1, 1, DType.F32)),
            Operand.of(new DeviceMatrix(memory + 4, 1, 1, 1, DType.F32)), 0,
            new DeviceMatrix(memory + 8, 1, 1, 1, DType.F32));
        device.synchronize();
        assertThat(value(memory + 8)).isEqualTo(tf32 ? 2 : 2 + 0x1p-11f);
        ProductCase.of(DType.BF16, DType.F32).forEach(product -> product.check(device, products));
        device.free(memory);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {12, 13})
  void aProductRunsInTheOrderOfTheStream(int major) {
    try (KernelDevice device = device(0, major); DeviceProducts products = device.products()) {
      long result = device.allocate(4);
      long factors = factors(device);
      product(products, factors, 0, result);
      device.zero(result, 4);
      product(products, factors, 1, result);
      assertThat(value(result)).as("before the stream is waited for").isNaN();
      device.synchronize();
      assertThat(value(result)).isEqualTo(6);
      device.free(factors);
      device.free(result);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {12, 13})
  void aGraphReplaysAProduct(int major) {
    try (KernelDevice device = device(0, major); DeviceProducts products = device.products()) {
      long result = device.allocate(4);
      device.zero(result, 4);
      long factors = factors(device);
      KernelLaunch graph = device.record(() -> product(products, factors, 1, result));
      device.synchronize();
      assertThat(value(result)).isZero();
      graph.run();
      graph.run();
      device.synchronize();
      assertThat(value(result)).isEqualTo(12);
      graph.close();
      device.free(factors);
      device.free(result);
    }
  }

  @Test
  void twoStreamsAndTwoDevicesHaveProductsOfTheirOwn() {
    try (KernelDevice first = device(0, 12); KernelDevice second = device(0, 13); KernelDevice other = device(1, 12);
        DeviceProducts one = first.products(); DeviceProducts two = second.products();
        DeviceProducts three = other.products()) {
      Map.of(first, one, second, two, other, three).forEach((device, products) -> {
        long result = device.allocate(4);
        product(products, device, 0, result);
        device.synchronize();
        assertThat(value(result)).isEqualTo(6);
        device.free(result);
      });
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {12, 13})
  void aFailureHasCallCodeNameAndRemedy(int major) {
    String library = library(major);
    try (KernelDevice device = device(0, major)) {
      try (var _ = stub.with("CUBLAS_STUB_CREATE_STATUS", 1)) {
        assertFails(device::products, "cublasCreate failed with code 1 (CUBLAS_STATUS_NOT_INITIALIZED); " + library
            + " does not start on this driver; update the driver, or install the cuBLAS of its CUDA version");
      }
      try (var _ = stub.with("CUBLAS_STUB_CREATE_STATUS", 3)) {
        assertThatThrownBy(device::products).isInstanceOfSatisfying(DeviceException.class,
            e -> assertThat(e.isOutOfMemory()).isTrue());
      }
      long result = device.allocate(4);
      try (DeviceProducts products = device.products(); var _ = stub.with("CUBLAS_STUB_STATUS", 15)) {
        assertFails(() -> product(products, device, 0, result),
            "cublasGemmEx of [1, 3] by [3, 1] F32 failed with code 15 (CUBLAS_STATUS_NOT_SUPPORTED); " + library
            + " does not support this product on this device; install a newer cuBLAS");
      }
      device.free(result);
    }
  }

  @Test
  void aFailureComesAsDeviceExceptionEvenIfJcublasThrows() {
    try (KernelDevice device = device(0, 12); DeviceProducts products = device.products()) {
      JCublas2.setExceptionsEnabled(true);
      try (var _ = stub.with("CUBLAS_STUB_STATUS", 13)) {
        long result = device.allocate(4);
        assertThatThrownBy(() -> product(products, device, 0, result)).isInstanceOf(DeviceException.class)
            .hasMessageContaining("failed with code 13 (CUBLAS_STATUS_EXECUTION_FAILED)");
        device.free(result);
      } finally {
        JCublas2.setExceptionsEnabled(false);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {12, 13})
  void matricesThatCublasCannotTakeAreRefused(int major) {
    try (KernelDevice device = device(0, major); DeviceProducts products = device.products()) {
      long memory = device.allocate(64);
      DeviceMatrix matrix = new DeviceMatrix(memory, 2, 2, 2, DType.F32);
      assertRefused(products, HostMatrix.of(new float[4], 2, 2), matrix, "left is [2, 2] F32 in host memory, expected "
          + "device memory; copy it to a buffer of LossEngine.allocate");
      assertRefused(products, matrix, new DeviceMatrix(memory, 2, 2, 0, DType.F32),
          "expected rows apart from each other; cuBLAS cannot repeat a row");
      assertRefused(products, matrix, new DeviceMatrix(memory, 2, 2, 1L << 31, DType.F32),
          "right's row stride is 2147483648, expected at most 2147483647 for cuBLAS; use smaller matrices");
      assertRefused(products, matrix, new DeviceMatrix(memory + 2, 2, 2, 2, DType.F32),
          "expected an address that is a multiple of 4");
      device.free(memory);
    }
  }

  @Test
  void withoutCublasNothingIsOpened() {
    CublasSearch search = new CublasSearch(new Properties(), Map.of(), List.of("libcublas-absent.so"));
    try (KernelDevice device = new CudaKernelDevice(stub.driver().devices().getFirst(), stub.driver(),
        OptionalLong.empty(), HostBinaries.withoutCode(), search, false)) {
      assertThatThrownBy(device::products).isInstanceOf(EngineUnavailableException.class)
          .hasMessageStartingWith("no cuBLAS (NVIDIA's matrix products, which a linear head needs on CUDA); install ");
    }
  }

  @Test
  void memoryThatIsNotTheDevicesIsFoundOut() {
    try (KernelDevice device = device(0, 12); DeviceProducts products = device.products()) {
      assertThatThrownBy(() -> product(products, 0x7000, 0, 0x7000)).isInstanceOf(DeviceException.class)
          .hasMessageContaining("code 13 (CUBLAS_STATUS_EXECUTION_FAILED)");
    }
  }

  @Test
  void aWorkspaceThatDoesNotFitLeavesNothingBehind() {
    try (KernelDevice device = device(0, 12); var _ = stub.with("CUDA_STUB_MEMORY", 1 << 20)) {
      assertFails(device::products, "cuMemAlloc of 33554432 bytes failed with code 2 (CUDA_ERROR_OUT_OF_MEMORY); "
          + "1048576 of the device's 1048576 bytes are free; free some, or use fewer rows at once");
    }
  }

  private static String library(int major) {
    return major == 12 ? "cuBLAS 12.0 through JCublas" : "cuBLAS 13.0 through FFM";
  }

  private KernelDevice device(int index, int major) {
    return device(index, major, false);
  }

  private KernelDevice device(int index, int major, boolean tf32) {
    return new CudaKernelDevice(stub.driver().devices().get(index), stub.driver(), OptionalLong.empty(),
        HostBinaries.withoutCode(), StubCublas.search(major), tf32);
  }

  /** Adds 1 * 1 + 1 * 2 + 1 * 3 to the result. */
  private static void product(DeviceProducts products, KernelDevice device, double beta, long result) {
    long factors = factors(device);
    try {
      product(products, factors, beta, result);
    } finally {
      device.free(factors);
    }
  }

  private static void product(DeviceProducts products, long factors, double beta, long result) {
    products.multiply(1, Operand.of(new DeviceMatrix(factors, 1, 3, 3, DType.F32)),
        Operand.of(new DeviceMatrix(factors + 12, 3, 1, 1, DType.F32)), beta,
        new DeviceMatrix(result, 1, 1, 1, DType.F32));
  }

  private static long factors(KernelDevice device) {
    long factors = device.allocate(24);
    device.upload(MemorySegment.ofArray(new float[] {1, 1, 1, 1, 2, 3}), factors);
    return factors;
  }

  private static float value(long address) {
    return StubDriver.at(address, 4).get(JAVA_FLOAT, 0);
  }

  private static void assertRefused(DeviceProducts products, MatrixView left, DeviceMatrix right,
      String message) {
    assertThatThrownBy(() -> products.multiply(1, Operand.of(left), Operand.of(right), 0,
        new DeviceMatrix(right.address(), 2, 2, 2, DType.F32))).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  private static void assertFails(ThrowingCallable call, String message) {
    assertThatThrownBy(call).isInstanceOf(DeviceException.class).hasMessage(message);
  }
}
