package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class OpenBlasTest {

  /** Roundoff of f32. */
  private static final double U = 0x1p-24;

  private final Arena arena = Arena.ofAuto();
  private final Blas blas = new OpenBlas(2);

  @Test
  void productsAreThoseOfPlainLoops() {
    Matrix left = random(37, 19, 1);
    Matrix right = random(19, 53, 2);
    Matrix product = Matrix.zeros(arena, 37, 53);
    blas.product(left, right, product);
    assertEqual(product, left, right);

    Matrix transposed = Matrix.zeros(arena, 37, 53);
    blas.productOfTransposed(transpose(left), right, transposed);
    assertEqual(transposed, left, right);
    blas.productByTransposed(left, transpose(right), transposed);
    assertEqual(transposed, left, right);
  }

  @Test
  void shapesThatDoNotFitAreRefused() {
    assertThatThrownBy(() -> blas.product(random(3, 4, 1), random(5, 6, 1), Matrix.zeros(arena, 3, 6)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("[3, 4]", "[5, 6]");
  }

  /** An inner product of n terms is within n u of the sum of its terms' sizes (Higham 2002, section 3.1). */
  private static void assertEqual(Matrix product, Matrix left, Matrix right) {
    for (int i = 0; i < left.rows(); i++) {
      for (int j = 0; j < right.columns(); j++) {
        double sum = 0;
        double size = 0;
        for (int k = 0; k < left.columns(); k++) {
          double term = (double) left.get(i, k) * right.get(k, j);
          sum += term;
          size += Math.abs(term);
        }
        assertThat(Math.abs(product.get(i, j) - sum)).isLessThanOrEqualTo(left.columns() * U * size);
      }
    }
  }

  private Matrix transpose(Matrix matrix) {
    Matrix transposed = Matrix.zeros(arena, matrix.columns(), matrix.rows());
    for (int i = 0; i < matrix.rows(); i++) {
      for (int j = 0; j < matrix.columns(); j++) {
        transposed.set(j, i, matrix.get(i, j));
      }
    }
    return transposed;
  }

  private Matrix random(int rows, int columns, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Matrix matrix = Matrix.zeros(arena, rows, columns);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        matrix.set(i, j, (float) random.nextGaussian());
      }
    }
    return matrix;
  }
}
