package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

/**
 * A weighted sum of row results with its error bound. An infinite or NaN row makes the sum infinite or NaN, but not the
 * bound.
 */
final class BoundedSum {

  private double sum;
  private double bound;

  /** Adds {@code factor * value}. Factor and product are rounded to f32, and each sum in f64: 4u of the term. */
  void add(double factor, double value, double error) {
    if (factor != 0) {
      sum += factor * value;
      bound += Math.abs(factor) * ((Double.isFinite(error) ? error : 0)
          + (Double.isFinite(value) ? 4 * U * Math.abs(value) : 0));
    }
  }

  double sum() {
    return sum;
  }

  double bound() {
    return bound;
  }
}
