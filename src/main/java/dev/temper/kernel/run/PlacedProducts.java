package dev.temper.kernel.run;

import dev.temper.DeviceMatrix;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.kernel.device.DeviceProducts;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.spec.StoreKernel;
import dev.temper.spi.Products;
import dev.temper.spi.layout.PrimitiveParameters;
import dev.temper.spi.layout.PrimitiveParameters.Field;
import dev.temper.spi.layout.PrimitiveParameters.Primitive;
import java.lang.foreign.Arena;

/**
 * The matrix products of an engine. A host matrix that kernels cannot access is copied to the device for each product.
 * A result in such memory is copied back, and the call waits for it.
 */
final class PlacedProducts implements Products, DeviceQueue.Resource {

  private final DeviceQueue queue;
  private final KernelDevice device;
  private final DeviceProducts products;
  private final Workspace workspace;

  private PlacedProducts(DeviceQueue queue) {
    this.queue = queue;
    device = queue.device();
    products = device.products();
    workspace = new Workspace(device);
  }

  /**
   * Opens products, and loads the kernel of {@link #store}.
   *
   * @throws dev.temper.EngineUnavailableException if the library of the products is missing
   */
  static PlacedProducts open(DeviceQueue queue) {
    queue.device().load(StoreKernel.STORE);
    try (var _ = queue.lock()) {
      return queue.open(new PlacedProducts(queue));
    }
  }

  @Override
  public String describe() {
    return products.describe();
  }

  @Override
  public void multiply(double alpha, Operand left, Operand right, double beta, MatrixView result) {
    place(left, right, beta, result, (first, second, written) ->
        products.multiply(alpha, first, second, beta, written));
  }

  @Override
  public void multiply(RowVector.Device scalars, Operand left, Operand right, boolean adds, MatrixView result) {
    place(left, right, adds ? 1 : 0, result, (first, second, written) ->
        products.multiply(scalars, first, second, adds, written));
  }

  /** A product of matrices in memory of the device. */
  private interface Product {
    void submit(Operand left, Operand right, MatrixView result);
  }

  private void place(Operand left, Operand right, double beta, MatrixView result, Product product) {
    try (var _ = queue.lock()) {
      device.withContext(() -> {
        PlacedTensors tensors = new PlacedTensors(workspace);
        Operand first = new Operand(input(tensors, "left", left.matrix()), left.isTransposed());
        Operand second = new Operand(input(tensors, "right", right.matrix()), right.isTransposed());
        MatrixView written = result(tensors, beta, result);
        tensors.requireOpen();
        tensors.upload();
        product.submit(first, second, written);
        tensors.download();
      });
    }
  }

  private MatrixView input(PlacedTensors tensors, String name, MatrixView matrix) {
    requireRecordable(matrix);
    return isInPlace(matrix) ? matrix : at(tensors.input(name, matrix), matrix);
  }

  private MatrixView result(PlacedTensors tensors, double beta, MatrixView result) {
    requireRecordable(result);
    if (isInPlace(result)) {
      return result;
    }
    long address = beta == 0 ? tensors.output("result", result) : tensors.input("result", result);
    if (beta != 0) {
      tensors.inPlaceOutput(result, address);
    }
    return at(address, result);
  }

  private void requireRecordable(MatrixView matrix) {
    if (queue.isRecording() && matrix instanceof HostMatrix) {
      throw PlacedTensors.notRecordable();
    }
  }

  /** Whether kernels can access the memory of a host matrix. */
  private boolean isInPlace(MatrixView matrix) {
    return matrix instanceof HostMatrix host && device.addressOf(host.segment()).isPresent();
  }

  /** The matrix in device memory. */
  private static MatrixView at(long address, MatrixView matrix) {
    return new DeviceMatrix(address, matrix.rows(), matrix.classes(), matrix.rowStride(), matrix.dtype());
  }

  @Override
  public void store(MatrixView sum, double beta, MatrixView result) {
    store(0, sum, beta, result);
  }

  @Override
  public void store(RowVector.Device scalars, MatrixView sum, double beta, MatrixView result) {
    store(scalars.address(), sum, beta, result);
  }

  private void store(long headFactors, MatrixView sum, double beta, MatrixView result) {
    if (sum.rows() == 0) {
      return;
    }
    try (var _ = queue.lock(); Arena arena = Arena.ofConfined()) {
      requireRecordable(result);
      PlacedTensors tensors = new PlacedTensors(workspace);
      PrimitiveParameters parameters = new PrimitiveParameters(arena.allocate(PrimitiveParameters.LAYOUT));
      // The kernel reads neither primitive nor temperature.
      parameters.write(Primitive.SOFTMAX, sum, 1, null, result, null);
      parameters.set(Field.HEAD_FACTORS, headFactors);
      parameters.set(Field.INPUT, tensors.input("sum", sum));
      long written = beta == 0 ? tensors.output("result", result) : tensors.input("result", result);
      parameters.set(Field.OUTPUT, written);
      if (beta != 0) {
        parameters.set(Field.UPSTREAM, written);
        tensors.inPlaceOutput(result, written);
      }
      device.withContext(
          () -> tensors.run(StoreKernel.STORE, parameters.block(), StoreKernel.STORE.blocks(sum.rows()), 0));
    }
  }

  @Override
  public void close() {
    queue.close(this);
  }

  @Override
  public void release() {
    try (products; workspace) {
      device.synchronize();
    }
  }
}
