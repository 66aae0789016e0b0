package dev.temper.cuda.cublas;

import static dev.temper.cuda.driver.JCudaObjects.handle;
import static dev.temper.cuda.driver.JCudaObjects.with;

import dev.temper.cuda.driver.JCudaLibrary;
import java.io.IOException;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;
import jcuda.CudaException;
import jcuda.Pointer;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasStatus;
import jcuda.runtime.cudaStream_t;

/**
 * cuBLAS through JCublas. Its native library is bound to the symbols of the version {@code libcublas.so.12}, and finds
 * that library if it is loaded before, from any folder. If the first use in a process fails, later ones fail too.
 */
final class JCublas implements CublasFunctions {

  private final Pointer alpha = new Pointer();
  private final Pointer beta = new Pointer();
  private final Pointer a = new Pointer();
  private final Pointer b = new Pointer();
  private final Pointer c = new Pointer();

  /**
   * Loads JCublas's library.
   *
   * @throws LinkageError if it does not load
   * @throws IOException if it cannot be extracted
   */
  static void load() throws IOException {
    JCudaLibrary.extract(JCublas2::initialize);
  }

  @Override
  public String binding() {
    return "JCublas";
  }

  @Override
  public int create(long[] handle) {
    cublasHandle made = new cublasHandle();
    int status = status(() -> JCublas2.cublasCreate(made));
    handle[0] = handle(made);
    return status;
  }

  @Override
  public int destroy(long handle) {
    return status(() -> JCublas2.cublasDestroy(of(handle)));
  }

  @Override
  public int setStream(long handle, long stream) {
    return status(() -> JCublas2.cublasSetStream(of(handle), with(new cudaStream_t(), stream)));
  }

  @Override
  public int setWorkspace(long handle, long address, long bytes) {
    return status(() -> JCublas2.cublasSetWorkspace(of(handle), with(new Pointer(), address), bytes));
  }

  @Override
  public int setMathMode(long handle, int mode) {
    return status(() -> JCublas2.cublasSetMathMode(of(handle), mode));
  }

  @Override
  public int setPointerMode(long handle, int mode) {
    return status(() -> JCublas2.cublasSetPointerMode(of(handle), mode));
  }

  /** Calls {@code cublasGemmEx_new}: JCublas's library has no native function for its {@code cublasGemmEx}. */
  @Override
  public int multiply(long handle, Gemm gemm) {
    with(alpha, gemm.scalars().alpha());
    with(beta, gemm.scalars().beta());
    with(a, gemm.a().address());
    with(b, gemm.b().address());
    with(c, gemm.c().address());
    return status(() -> JCublas2.cublasGemmEx_new(of(handle), gemm.a().operation(), gemm.b().operation(), gemm.m(),
        gemm.n(), gemm.k(), alpha, a, gemm.a().type(), gemm.a().leading(), b, gemm.b().type(), gemm.b().leading(), beta,
        c, gemm.c().type(), gemm.c().leading(), gemm.compute(), Gemm.ALGORITHM));
  }

  @Override
  public String statusName(int status) {
    return cublasStatus.stringFor(status);
  }

  private static cublasHandle of(long handle) {
    return with(new cublasHandle(), handle);
  }

  /** The status of a call. A program that uses JCublas too may have set it to throw exceptions. */
  private static int status(IntSupplier call) {
    try {
      return call.getAsInt();
    } catch (CudaException e) {
      return IntStream.range(1, 100).filter(code -> cublasStatus.stringFor(code).equals(e.getMessage())).findFirst()
          .orElse(cublasStatus.CUBLAS_STATUS_INTERNAL_ERROR);
    }
  }
}
