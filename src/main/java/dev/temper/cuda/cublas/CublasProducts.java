package dev.temper.cuda.cublas;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.temper.DeviceMatrix;
import dev.temper.EngineUnavailableException;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.cuda.cublas.Gemm.Scalars;
import dev.temper.cuda.driver.CudaStream;
import dev.temper.cuda.driver.DriverMemory;
import dev.temper.cuda.driver.PrimaryContext;
import dev.temper.kernel.device.DeviceProducts;
import dev.temper.spi.ProductShape;
import dev.temper.spi.Products.Operand;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Products with cuBLAS in one stream, with a handle and a workspace of its own. A fixed workspace keeps the bits of a
 * product the same from call to call, and lets a CUDA graph contain products.
 */
public final class CublasProducts implements DeviceProducts {

  /**
   * {@code CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION}: partial sums stay in f32. A product uses no TF32 in this
   * mode unless its compute type says so.
   */
  private static final int F32_SUMS = 16;

  private final CublasLibrary library;
  private final boolean tf32;
  private final PrimaryContext context;
  private final CudaStream stream;
  private final MemorySegment scalars = Arena.ofAuto().allocate(JAVA_FLOAT, 2);
  private final long workspace;
  private final long handle;

  private CublasProducts(CublasLibrary library, PrimaryContext context, CudaStream stream, long workspaceBytes,
      boolean tf32) {
    this.library = library;
    this.tf32 = tf32;
    this.context = context;
    this.stream = stream;
    try (var _ = context.enter()) {
      workspace = DriverMemory.allocate(workspaceBytes);
      long[] made = new long[1];
      try {
        check("cublasCreate", library.functions().create(made));
      } catch (RuntimeException e) {
        DriverMemory.free(workspace);
        throw e;
      }
      handle = made[0];
      try {
        // The order matters: setting the stream would replace the workspace by one of cuBLAS's own.
        check("cublasSetStream", library.functions().setStream(handle, stream.handle()));
        check("cublasSetWorkspace of " + workspaceBytes + " bytes",
            library.functions().setWorkspace(handle, workspace, workspaceBytes));
        check("cublasSetMathMode", library.functions().setMathMode(handle, F32_SUMS));
      } catch (RuntimeException e) {
        close();
        throw e;
      }
    }
  }

  /**
   * Opens products in a stream, which must not be captured meanwhile.
   *
   * @param workspaceBytes bytes of device memory for cuBLAS
   * @param tf32 whether products of F32 factors may use TF32
   * @throws EngineUnavailableException if cuBLAS is missing, with every place tried
   * @throws dev.temper.DeviceException if cuBLAS cannot be used
   */
  public static CublasProducts open(CublasSearch search, PrimaryContext context, CudaStream stream,
      long workspaceBytes, boolean tf32) {
    return new CublasProducts(search.load(), context, stream, workspaceBytes, tf32);
  }

  @Override
  public String describe() {
    return library.describe() + (tf32 ? ", F32 in TF32" : "");
  }

  @Override
  public void multiply(double alpha, Operand left, Operand right, double beta, MatrixView result) {
    scalars.set(JAVA_FLOAT, 0, (float) alpha);
    scalars.set(JAVA_FLOAT, Float.BYTES, (float) beta);
    multiply(Scalars.onHost(scalars.address(), scalars.address() + Float.BYTES), left, right, beta == 0, result);
  }

  @Override
  public void multiply(RowVector.Device given, Operand left, Operand right, boolean adds, MatrixView result) {
    long alpha = given.address();
    multiply(Scalars.onDevice(alpha, alpha + (adds ? 2L : 1L) * Float.BYTES), left, right, false, result);
  }

  /**
   * Submits a product.
   *
   * @param overwrites whether beta is known to be 0
   */
  private void multiply(Scalars scalars, Operand left, Operand right, boolean overwrites, MatrixView result) {
    ProductShape shape = ProductShape.of(left, right, result);
    Gemm gemm = Gemm.of(shape, left, right, result, scalars, tf32);
    if (shape.rows() == 0) {
      return;
    }
    try (var _ = context.enter()) {
      if (shape.inner() == 0 && overwrites) {
        zero((DeviceMatrix) result);
      } else {
        check("cublasSetPointerMode", library.functions().setPointerMode(handle, scalars.pointerMode()));
        check("cublasGemmEx of " + describe(shape, left), library.functions().multiply(handle, gemm));
      }
    }
  }

  /** Fills the result with zeros, which is the product of empty matrices. cuBLAS may leave such a result unwritten. */
  private void zero(DeviceMatrix result) {
    int bytes = result.dtype().bytes();
    for (long row = 0; row < result.rows(); row++) {
      DriverMemory.fill(result.address() + row * result.rowStride() * bytes, (byte) 0, (long) result.classes() * bytes,
          stream.handle());
    }
  }

  private static String describe(ProductShape shape, Operand left) {
    return "[" + shape.rows() + ", " + shape.inner() + "] by [" + shape.inner() + ", " + shape.columns() + "] "
        + left.matrix().dtype();
  }

  private void check(String call, int status) {
    if (status != CublasFunctions.SUCCESS) {
      throw CublasFailures.of(call, status, library.functions().statusName(status), library.describe());
    }
  }

  /** Frees everything, even if the device has failed and its calls throw. */
  @Override
  public void close() {
    try (var _ = context.enter()) {
      try {
        check("cublasDestroy", library.functions().destroy(handle));
      } finally {
        DriverMemory.free(workspace);
      }
    }
  }
}
