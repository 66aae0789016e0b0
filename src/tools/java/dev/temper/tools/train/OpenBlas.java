package dev.temper.tools.train;

import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.CblasTrans;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.bytedeco.openblas.global.openblas;

/** OpenBLAS through bytedeco's binding, whose jar contains the native library of the platform. */
final class OpenBlas implements Blas {

  private final int threads;

  /**
   * Loads the library.
   *
   * @param threads threads of each product; a fixed number gives the same bits in every run on one machine
   */
  OpenBlas(int threads) {
    this.threads = threads;
    openblas.blas_set_num_threads(threads);
  }

  @Override
  public void product(Matrix left, Matrix right, Matrix result) {
    require(left.columns() == right.rows() && left.rows() == result.rows() && right.columns() == result.columns(), left,
        right, result);
    multiply(CblasNoTrans, CblasNoTrans, left.columns(), left, right, result);
  }

  @Override
  public void productOfTransposed(Matrix left, Matrix right, Matrix result) {
    require(left.rows() == right.rows() && left.columns() == result.rows() && right.columns() == result.columns(), left,
        right, result);
    multiply(CblasTrans, CblasNoTrans, left.rows(), left, right, result);
  }

  @Override
  public void productByTransposed(Matrix left, Matrix right, Matrix result) {
    require(left.columns() == right.columns() && left.rows() == result.rows() && right.rows() == result.columns(), left,
        right, result);
    multiply(CblasNoTrans, CblasTrans, left.columns(), left, right, result);
  }

  @Override
  public String describe() {
    return "OpenBLAS, " + threads + (threads == 1 ? " thread" : " threads");
  }

  private static void multiply(int transposeLeft, int transposeRight, int inner, Matrix left, Matrix right,
      Matrix result) {
    openblas.cblas_sgemm(CblasRowMajor, transposeLeft, transposeRight, result.rows(), result.columns(), inner,
        1f, floats(left), left.columns(), floats(right), right.columns(), 0f, floats(result), result.columns());
  }

  private static FloatBuffer floats(Matrix matrix) {
    return matrix.segment().asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  private static void require(boolean fits, Matrix left, Matrix right, Matrix result) {
    if (!fits) {
      throw new IllegalArgumentException("matrix shapes do not fit: [" + left.rows() + ", " + left.columns() + "] by ["
          + right.rows() + ", " + right.columns() + "] into [" + result.rows() + ", " + result.columns() + "]");
    }
  }
}
