package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.kernel.device.DeviceProducts;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.ProductCase;
import dev.temper.spi.Products.Operand;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products in the memory of the emulated device. */
final class EmulatedProductsTest {

  private final KernelDevice device = new EmulatedDevice(
      HostKernels.of(HostCompiler.find(System.getenv()), HostBuild.PLAIN),
      new EmulatorSettings("9.0", "run-ahead", 7, HostBuild.PLAIN));
  private final DeviceProducts products = device.products();

  @AfterEach
  void close() {
    products.close();
    device.close();
  }

  @ParameterizedTest
  @CsvSource({"F32, F32", "BF16, F32", "BF16, BF16", "F16, F32", "F16, F16"})
  void productsAreExactUpToOneRounding(DType factors, DType written) {
    ProductCase.of(factors, written).forEach(product -> product.check(device, products));
  }

  @Test
  void matricesThatFormNoProductAreRefused() {
    HostMatrix two = HostMatrix.of(new float[6], 2, 3);
    HostMatrix bf16 = HostMatrix.of(new short[6], 2, 3, DType.BF16);
    HostMatrix square = HostMatrix.of(new float[4], 2, 2);
    assertRefused(Operand.of(two), Operand.of(two), square, "left is [2, 3] F32 and right is [2, 3] F32, expected as "
        + "many columns on the left as rows on the right");
    assertRefused(Operand.of(two), Operand.transposed(two), two,
        "result is [2, 3] F32, expected [2, 2] of left [2, 3] F32 and right [2, 3] F32 transposed");
    assertRefused(Operand.of(two), Operand.transposed(bf16), square,
        "left is [2, 3] F32 and right is [2, 3] BF16 transposed, expected factors of one dtype");
    assertRefused(Operand.of(bf16), Operand.transposed(bf16), HostMatrix.of(new short[4], 2, 2, DType.F16),
        "result is [2, 2] F16, expected F32 or the factors' BF16");
    assertRefused(Operand.of(two), Operand.transposed(two), new HostMatrix(square.segment(), 2, 2, 0, DType.F32),
        "result has row stride 0, expected rows apart from each other, because it is written");
  }

  private void assertRefused(Operand left, Operand right, HostMatrix result, String message) {
    assertThatThrownBy(() -> products.multiply(1, left, right, 0, result)).isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }
}
