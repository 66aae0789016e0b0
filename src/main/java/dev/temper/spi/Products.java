package dev.temper.spi;

import dev.temper.MatrixView;
import dev.temper.RowVector;

/**
 * Multiplies matrices in the memory of one engine. All matrices are row-major, and sums are accumulated in f32 or
 * better.
 *
 * <p>One thread at a time may call an instance.
 */
public interface Products extends AutoCloseable {

  /** Returns the library and what it runs on in one phrase, such as {@code cuBLAS 12.9 through JCublas}. */
  String describe();

  /**
   * Computes {@code result = alpha * left * right + beta * result}. The result is only read where {@code beta} is not
   * 0. The product may still be in flight on the stream of the engine when this method returns.
   *
   * <p>A product without rows or columns has no effect. A product whose inner size is 0 is {@code beta * result}, and 0
   * where {@code beta} is 0.
   *
   * @param left [rows, inner] after its transposition, F32, BF16 or F16
   * @param right [inner, columns] after its transposition, of the same dtype as {@code left}
   * @param result [rows, columns], F32 or the dtype of the factors
   */
  void multiply(double alpha, Operand left, Operand right, double beta, MatrixView result);

  /**
   * Computes a product as {@link #multiply(double, Operand, Operand, double, MatrixView)} does, with an alpha and a
   * beta that it reads from device memory when it runs.
   *
   * @param scalars [3] F32: alpha, beta of a product that overwrites its result, beta of a product that adds to it
   * @param adds whether the product adds to its result
   * @throws UnsupportedOperationException if the products are those of host memory
   */
  default void multiply(RowVector.Device scalars, Operand left, Operand right, boolean adds, MatrixView result) {
    throw new UnsupportedOperationException(describe() + " reads no factor from device memory");
  }

  /**
   * Computes {@code result = sum + beta * result}, rounded once to the dtype of the result. The result is only read
   * where {@code beta} is not 0. The work may still be in flight when this method returns.
   *
   * @param sum [rows, columns] F32
   * @param beta 0 or 1
   * @param result [rows, columns] BF16 or F16
   */
  void store(MatrixView sum, double beta, MatrixView result);

  /**
   * Computes what {@link #store(MatrixView, double, MatrixView)} does, unless the beta of a product that overwrites its
   * result is not 0 when the kernel runs. The result stays as it is then.
   *
   * @param scalars as in {@link #multiply(RowVector.Device, Operand, Operand, boolean, MatrixView)}
   * @throws UnsupportedOperationException if the products are those of host memory
   */
  default void store(RowVector.Device scalars, MatrixView sum, double beta, MatrixView result) {
    throw new UnsupportedOperationException(describe() + " reads no factor from device memory");
  }

  @Override
  void close();

  /**
   * One factor of a product.
   *
   * @param matrix elements as they lie in memory
   * @param isTransposed whether the product takes the transposed matrix
   */
  record Operand(MatrixView matrix, boolean isTransposed) {

    /** Number of rows after the transposition. */
    public long rows() {
      return isTransposed ? matrix.classes() : matrix.rows();
    }

    /** Number of columns after the transposition. */
    public long columns() {
      return isTransposed ? matrix.rows() : matrix.classes();
    }

    /** Returns a factor that is the matrix as it lies in memory. */
    public static Operand of(MatrixView matrix) {
      return new Operand(matrix, false);
    }

    /** Returns a factor that is the transposed matrix. */
    public static Operand transposed(MatrixView matrix) {
      return new Operand(matrix, true);
    }
  }
}
