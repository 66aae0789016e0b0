package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

import dev.temper.DType;
import dev.temper.RowOutput;
import dev.temper.tools.verify.HeadData.Factors;
import dev.temper.tools.verify.RowOptions.Given;
import java.util.Map;

/**
 * The expected results of a head, each number with its error bound. The error of the logits is an error of the inputs
 * of the loss. An element of a gradient is a sum over the gradients of a chunk, which are rounded to the dtype of the
 * head.
 */
final class HeadOracle {

  static final String FORMULA = "logits: (features + 3) u sum |h w|, and 2 u_logits sum |h w| where they are stored in"
      + " 16 bits, as input errors of V, G and H; gradients: e = G + H + u_head |g|, sum e |x| + (n + chunks + 4) u"
      + " sum (|g| + e) |x| over the n rows or classes";

  private final HeadCase c;
  private final HeadData data;
  private final Expected expected;
  private final double[] gradient;
  private final double[] errors;

  HeadOracle(HeadCase c, HeadData data) {
    this.c = c;
    this.data = data;
    expected = Oracle.of(c.loss().with(c.loss().options().without(Given.ADDED)), data.rows(), data.errors(c));
    gradient = expected.gradient().values();
    errors = expected.gradientBound().clone();
    DType dtype = c.loss().layout().student();
    for (int i = 0; i < errors.length; i++) {
      errors[i] += Precision.unit(dtype) * (Math.abs(gradient[i]) + errors[i]) + quantum(dtype);
    }
  }

  void compare(HeadRun.Found found, Comparison comparison) {
    expected.compare(new Observed(found.totals(), Map.of(RowOutput.SOFT, found.rowSoft(), RowOutput.HARD,
        found.rowHard()), null, found.damage()), c.loss().layout(), comparison);
    compare("gradient_hidden", found.hidden(), byHidden(), c.features(), comparison);
    compare("gradient_weight", found.weight(), byWeight(), c.features(), comparison);
    if (c.hasBias()) {
      compare("gradient_bias", found.bias(), byBias(), c.columns(), comparison);
    }
  }

  /** The gradient with respect to the hidden states, [rows, features]. */
  BoundedValues byHidden() {
    Factors head = data.student();
    return sums(c.rows(), c.features(), c.columns(), (row, i, column) -> row * c.columns() + column,
        (row, i, column) -> head.weight()[column * c.features() + i]);
  }

  /** The gradient with respect to the weight, [columns, features]. */
  BoundedValues byWeight() {
    Factors head = data.student();
    return sums(c.columns(), c.features(), c.rows(), (column, i, row) -> row * c.columns() + column,
        (column, i, row) -> head.hidden()[row * c.features() + i]);
  }

  /** The gradient with respect to the bias, [columns]. */
  BoundedValues byBias() {
    return sums(1, c.columns(), c.rows(), (one, column, row) -> row * c.columns() + column, (one, column, row) -> 1);
  }

  private void compare(String name, double[] found, BoundedValues sums, int columns, Comparison comparison) {
    if (c.loss().options().has(Given.ADDED)) {
      for (int i = 0; i < sums.values().length; i++) {
        double sum = sums.values()[i] + CaseData.initialGradient(i);
        sums.set(i, sum, sums.bounds()[i] + 2 * U * Math.abs(sum));
      }
    }
    comparison.within(name, found, sums.values(), sums.bounds(), c.gradient(), columns);
  }

  /** The index of a chunk gradient in a sum. */
  @FunctionalInterface
  private interface Index {
    int at(int row, int column, int term);
  }

  /** The factor of a chunk gradient in a sum. */
  @FunctionalInterface
  private interface Factor {
    double at(int row, int column, int term);
  }

  /** Sums of {@code terms} chunk gradients, each times a factor. */
  private BoundedValues sums(int height, int width, int terms, Index index, Factor factor) {
    BoundedValues sums = BoundedValues.zeros(height * width);
    double chunks = Math.ceil(c.rows() / (double) c.chunkRows());
    for (int row = 0; row < height; row++) {
      for (int column = 0; column < width; column++) {
        double sum = 0;
        double error = 0;
        double size = 0;
        for (int term = 0; term < terms; term++) {
          int at = index.at(row, column, term);
          double x = factor.at(row, column, term);
          sum += gradient[at] * x;
          error += errors[at] * Math.abs(x);
          size += (Math.abs(gradient[at]) + errors[at]) * Math.abs(x);
        }
        sums.set(row * width + column, sum, error + (terms + chunks + 4) * U * size);
      }
    }
    return sums;
  }

  /** Half the distance of subnormal numbers, in units of the gradients after the division by the rows. */
  private double quantum(DType dtype) {
    return Precision.halfQuantum(dtype) * Math.abs(c.loss().options().gradientScale());
  }
}
