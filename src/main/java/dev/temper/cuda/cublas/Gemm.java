package dev.temper.cuda.cublas;

import dev.temper.DType;
import dev.temper.DeviceMatrix;
import dev.temper.MatrixView;
import dev.temper.spi.ProductShape;
import dev.temper.spi.Products.Operand;

/**
 * Arguments of {@code cublasGemmEx}, which computes {@code c = alpha * a * b + beta * c} with column-major matrices. A
 * row-major matrix is the transposed matrix in column-major order, so that the left factor is {@code b} here.
 *
 * @param m rows of {@code c}, the columns of the row-major result
 * @param n columns of {@code c}
 * @param k terms of each sum
 * @param scalars alpha and beta
 * @param compute {@code cublasComputeType_t}
 */
record Gemm(int m, int n, int k, Scalars scalars, Matrix a, Matrix b, Matrix c, int compute) {

  /** {@code CUBLAS_COMPUTE_32F}: f32 accumulation, no TF32 in the default math mode. */
  private static final int COMPUTE_F32 = 68;

  /** {@code CUBLAS_COMPUTE_32F_FAST_TF32}: F32 factors rounded to TF32, f32 accumulation. */
  private static final int COMPUTE_TF32 = 77;

  /** {@code CUBLAS_GEMM_DEFAULT}. */
  static final int ALGORITHM = -1;

  /**
   * The addresses of alpha and beta, each one float. Both lie in host memory, or both in device memory.
   *
   * @param pointerMode {@code cublasPointerMode_t}
   */
  record Scalars(long alpha, long beta, int pointerMode) {

    /** {@code CUBLAS_POINTER_MODE_HOST}: the call reads the scalars. */
    private static final int HOST = 0;
    /** {@code CUBLAS_POINTER_MODE_DEVICE}: the product reads the scalars when it runs. */
    private static final int DEVICE = 1;

    static Scalars onHost(long alpha, long beta) {
      return new Scalars(alpha, beta, HOST);
    }

    static Scalars onDevice(long alpha, long beta) {
      return new Scalars(alpha, beta, DEVICE);
    }
  }

  /**
   * A matrix.
   *
   * @param operation {@code cublasOperation_t}: 0 as it lies in memory, 1 transposed
   * @param type {@code cudaDataType_t}
   * @param leading elements from one column to the next
   */
  record Matrix(int operation, long address, int type, int leading) {

    private static Matrix of(String name, MatrixView view, boolean isTransposed) {
      if (!(view instanceof DeviceMatrix matrix)) {
        throw new IllegalArgumentException(name + " is " + view + ", expected device memory; copy it to a buffer of "
            + "LossEngine.allocate");
      }
      if (matrix.rowStride() == 0 && matrix.rows() > 1) {
        throw new IllegalArgumentException(name + " is " + view + ", expected rows apart from each other; cuBLAS cannot"
            + " repeat a row");
      }
      if (matrix.address() % matrix.dtype().bytes() != 0) {
        throw new IllegalArgumentException(name + " is " + view + ", expected an address that is a multiple of "
            + matrix.dtype().bytes());
      }
      // A matrix of one row may have any row stride, and cuBLAS requires at least the row's length.
      return new Matrix(isTransposed ? 1 : 0, matrix.address(), typeOf(matrix.dtype()),
          toInt(name + "'s row stride", Math.max(matrix.rowStride(), matrix.classes())));
    }
  }

  /** Returns the arguments of a product; {@code tf32} has an effect on F32 factors only. */
  static Gemm of(ProductShape shape, Operand left, Operand right, MatrixView result, Scalars scalars, boolean tf32) {
    return new Gemm(toInt("the number of columns of result", shape.columns()),
        toInt("the number of rows of result", shape.rows()), toInt("the number of terms of a sum", shape.inner()),
        scalars, Matrix.of("right", right.matrix(), right.isTransposed()),
        Matrix.of("left", left.matrix(), left.isTransposed()), Matrix.of("result", result, false),
        tf32 && left.matrix().dtype() == DType.F32 ? COMPUTE_TF32 : COMPUTE_F32);
  }

  private static int typeOf(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 2;
      case BF16 -> 14;
      case I32, I64 -> throw new IllegalArgumentException("dtype is " + dtype + ", expected F32, BF16 or F16");
    };
  }

  private static int toInt(String what, long value) {
    if (value > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(what + " is " + value + ", expected at most " + Integer.MAX_VALUE
          + " for cuBLAS; use smaller matrices");
    }
    return (int) value;
  }
}
