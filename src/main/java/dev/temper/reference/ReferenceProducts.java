package dev.temper.reference;

import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.spi.Products;

/** Multiplies matrices in f64 with plain loops. Each element of a result is rounded once. */
final class ReferenceProducts implements Products {

  @Override
  public String describe() {
    return "f64 loops in Java";
  }

  @Override
  public void multiply(double alpha, Operand left, Operand right, double beta, MatrixView result) {
    HostMatrix target = ReferenceLoss.host("result", result);
    double[][] columns = rows(new Operand(right.matrix(), !right.isTransposed()));
    double[][] rows = rows(left);
    double[] values = new double[target.classes()];
    for (int row = 0; row < rows.length; row++) {
      double[] before = read(target, row, beta);
      for (int column = 0; column < columns.length; column++) {
        double sum = 0;
        for (int i = 0; i < rows[row].length; i++) {
          sum += rows[row][i] * columns[column][i];
        }
        values[column] = alpha * sum + before[column];
      }
      Elements.write(values, target, row);
    }
  }

  @Override
  public void store(MatrixView sum, double beta, MatrixView result) {
    HostMatrix source = ReferenceLoss.host("sum", sum);
    HostMatrix target = ReferenceLoss.host("result", result);
    double[] values = new double[source.classes()];
    for (long row = 0; row < source.rows(); row++) {
      double[] before = read(target, row, beta);
      Elements.read(source, row, values.length, values);
      for (int i = 0; i < values.length; i++) {
        values[i] += before[i];
      }
      Elements.write(values, target, row);
    }
  }

  @Override
  public void close() {}

  /** Returns {@code beta} times a row, which is not read if {@code beta} is 0. */
  private static double[] read(HostMatrix matrix, long row, double beta) {
    double[] values = new double[matrix.classes()];
    if (beta != 0) {
      Elements.read(matrix, row, values.length, values);
      for (int i = 0; i < values.length; i++) {
        values[i] *= beta;
      }
    }
    return values;
  }

  /** Returns the rows of a factor after its transposition. */
  private static double[][] rows(Operand operand) {
    HostMatrix matrix = ReferenceLoss.host("factor", operand.matrix());
    double[][] rows = new double[Math.toIntExact(operand.rows())][Math.toIntExact(operand.columns())];
    double[] values = new double[matrix.classes()];
    for (int row = 0; row < matrix.rows(); row++) {
      Elements.read(matrix, row, values.length, values);
      for (int column = 0; column < values.length; column++) {
        if (operand.isTransposed()) {
          rows[column][row] = values[column];
        } else {
          rows[row][column] = values[column];
        }
      }
    }
    return rows;
  }
}
