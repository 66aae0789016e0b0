package dev.temper.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.OpenedEngine;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.Products;
import dev.temper.spi.Products.Operand;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares the products of engines in host memory with plain loops. */
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"reference", "cpu", "emulator"})
class ProductsTest {

  private static final double U = 0x1p-24;

  @Parameter String device = "";

  private final SplittableRandom random = new SplittableRandom(5);

  @Test
  void everyDtypeAndTranspositionGivesTheSum() {
    try (EngineBackend backend = OpenedEngine.backend(device); Products products = backend.products()) {
      for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
        for (DType resultDtype : dtype == DType.F32 ? List.of(dtype) : List.of(DType.F32, dtype)) {
          for (int transpositions = 0; transpositions < 4; transpositions++) {
            Operand left = operand(13, 29, dtype, (transpositions & 1) != 0);
            Operand right = operand(29, 17, dtype, (transpositions & 2) != 0);
            check(products, left, right, matrix(13, 17, resultDtype), 0);
            check(products, left, right, matrix(13, 17, resultDtype), 1);
          }
        }
      }
    }
  }

  @Test
  void matricesLargerThanABlockAreSplit() {
    try (EngineBackend backend = OpenedEngine.backend(device); Products products = backend.products()) {
      check(products, operand(2, 4100, DType.BF16, false), operand(4100, 3, DType.BF16, true),
          matrix(2, 3, DType.BF16), 1);
      check(products, operand(2050, 5, DType.F16, true), operand(5, 3, DType.F16, false), matrix(2050, 3, DType.F16),
          0);
      check(products, operand(3, 5, DType.BF16, true), operand(5, 2050, DType.BF16, false),
          matrix(3, 2050, DType.F32), 1);
    }
  }

  @Test
  void arraysAndPartsOfWiderMatricesAreUsedInPlace() {
    try (EngineBackend backend = OpenedEngine.backend(device); Products products = backend.products()) {
      HostMatrix wide = matrix(9, 40, DType.F32);
      Operand left = Operand.of(new HostMatrix(wide.segment().asSlice(4 * Float.BYTES), 9, 7, 40, DType.F32));
      float[] array = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
      HostMatrix result = HostMatrix.of(new float[18], 9, 2);
      check(products, left, Operand.of(HostMatrix.of(array, 7, 2)), result, 0);
    }
  }

  @Test
  void aProductOfNothingIsTheScaledResult() {
    try (EngineBackend backend = OpenedEngine.backend(device); Products products = backend.products()) {
      for (DType dtype : List.of(DType.F32, DType.BF16)) {
        HostMatrix result = matrix(3, 4, dtype);
        HostMatrix before = copy(result);
        products.multiply(2, operand(3, 0, dtype, true), operand(0, 4, dtype, false), 1, result);
        assertThat(result.segment().mismatch(before.segment())).isEqualTo(-1);
        HeadBatch.set(result, 1, 1, Double.NaN);
        products.multiply(2, operand(3, 0, dtype, true), operand(0, 4, dtype, false), 0, result);
        assertThat(result.segment().mismatch(HeadBatch.zeros(3, 4, dtype).segment())).isEqualTo(-1);
        products.multiply(2, operand(0, 4, dtype, false), operand(4, 4, dtype, false), 1,
            HeadBatch.zeros(0, 4, dtype));
      }
    }
  }

  @Test
  void aSumIsRoundedOnce() {
    try (EngineBackend backend = OpenedEngine.backend(device); Products products = backend.products()) {
      for (DType dtype : List.of(DType.BF16, DType.F16)) {
        HostMatrix sum = matrix(5, 6, DType.F32);
        HostMatrix result = matrix(5, 6, dtype);
        HostMatrix before = copy(result);
        products.store(sum, 1, result);
        for (int row = 0; row < 5; row++) {
          for (int i = 0; i < 6; i++) {
            double exact = HeadBatch.get(sum, row, i) + HeadBatch.get(before, row, i);
            assertThat(HeadBatch.get(result, row, i)).isEqualTo(dtype.widen(dtype.narrow((float) exact)));
          }
        }
        products.store(sum, 0, result);
        assertThat(HeadBatch.get(result, 4, 5))
            .isEqualTo(dtype.widen(dtype.narrow((float) HeadBatch.get(sum, 4, 5))));
      }
    }
  }

  /** A sum of n products is within {@code n u} of the sum of their sizes; the result is rounded to its dtype. */
  private static void check(Products products, Operand left, Operand right, HostMatrix result, double beta) {
    HostMatrix before = copy(result);
    products.multiply(0.5, left, right, beta, result);
    double rounding = switch (result.dtype()) {
      case BF16 -> 0x1p-8;
      case F16 -> 0x1p-11;
      default -> U;
    };
    for (int row = 0; row < left.rows(); row++) {
      for (int column = 0; column < right.columns(); column++) {
        double exact = beta == 0 ? 0 : beta * HeadBatch.get(before, row, column);
        double size = Math.abs(exact);
        for (int i = 0; i < left.columns(); i++) {
          double term = 0.5 * get(left, row, i) * get(right, i, column);
          exact += term;
          size += Math.abs(term);
        }
        double bound = (left.columns() + 3) * U * size + rounding * Math.abs(exact) + 0x1p-25;
        assertThat(HeadBatch.get(result, row, column)).as("[" + row + ", " + column + "] of " + result)
            .isCloseTo(exact, within(bound));
      }
    }
  }

  private static double get(Operand operand, int row, int column) {
    HostMatrix matrix = (HostMatrix) operand.matrix();
    return operand.isTransposed() ? HeadBatch.get(matrix, column, row) : HeadBatch.get(matrix, row, column);
  }

  private Operand operand(int rows, int columns, DType dtype, boolean isTransposed) {
    return new Operand(isTransposed ? matrix(columns, rows, dtype) : matrix(rows, columns, dtype), isTransposed);
  }

  /** A matrix has 1 column at least, so an operand without columns is the transpose of a matrix without rows. */
  private HostMatrix matrix(int rows, int columns, DType dtype) {
    HostMatrix matrix = HeadBatch.zeros(rows, columns, dtype);
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        HeadBatch.set(matrix, row, column, random.nextGaussian());
      }
    }
    return matrix;
  }

  private static HostMatrix copy(HostMatrix matrix) {
    HostMatrix copy = HeadBatch.zeros((int) matrix.rows(), matrix.classes(), matrix.dtype());
    matrix.copyTo(copy);
    return copy;
  }
}
