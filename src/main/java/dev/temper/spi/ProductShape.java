package dev.temper.spi;

import dev.temper.DType;
import dev.temper.MatrixView;
import dev.temper.spi.Products.Operand;

/**
 * Holds the sizes of a product after the check of its matrices.
 *
 * @param rows rows of the result
 * @param columns columns of the result
 * @param inner number of terms of each sum; 0 for a product of empty matrices
 */
public record ProductShape(long rows, long columns, long inner) {

  /**
   * Checks shapes and dtypes.
   *
   * @throws IllegalArgumentException if the matrices do not form a product
   */
  public static ProductShape of(Operand left, Operand right, MatrixView result) {
    ProductShape shape = new ProductShape(left.rows(), right.columns(), left.columns());
    if (shape.inner != right.rows()) {
      throw new IllegalArgumentException("left is " + describe(left) + " and right is " + describe(right)
          + ", expected as many columns on the left as rows on the right");
    }
    if (result.rows() != shape.rows || result.classes() != shape.columns) {
      throw new IllegalArgumentException("result is " + result.describe() + ", expected [" + shape.rows + ", "
          + shape.columns + "] of left " + describe(left) + " and right " + describe(right));
    }
    if (right.matrix().dtype() != left.matrix().dtype()) {
      throw new IllegalArgumentException("left is " + describe(left) + " and right is " + describe(right)
          + ", expected factors of one dtype");
    }
    if (!isResultType(left, result)) {
      throw new IllegalArgumentException("result is " + result.describe() + ", expected F32 or the factors' "
          + left.matrix().dtype());
    }
    if (result.rowStride() == 0 && result.rows() > 1) {
      throw new IllegalArgumentException("result has row stride 0, expected rows apart from each other, because it is"
          + " written");
    }
    return shape;
  }

  private static boolean isResultType(Operand left, MatrixView result) {
    return result.dtype() == DType.F32 || result.dtype() == left.matrix().dtype();
  }

  private static String describe(Operand operand) {
    return operand.matrix().describe() + (operand.isTransposed() ? " transposed" : "");
  }
}
