package dev.temper.kernel.device;

import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.spi.Products.Operand;
import dev.temper.spi.Products;

/**
 * Multiplies matrices in the memory of a device, in its stream. Matrices of host memory are accepted where kernels can
 * access them.
 */
public interface DeviceProducts extends AutoCloseable {

  /** The library in one phrase, such as {@code cuBLAS 12.9 through JCublas}. */
  String describe();

  /** Submits a product, as {@link Products#multiply} describes it. */
  void multiply(double alpha, Operand left, Operand right, double beta, MatrixView result);

  /** Submits a product whose alpha and beta lie in device memory, as {@link Products} describes it. */
  void multiply(RowVector.Device scalars, Operand left, Operand right, boolean adds, MatrixView result);

  @Override
  void close();
}
