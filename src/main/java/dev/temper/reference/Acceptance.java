package dev.temper.reference;

import java.util.Arrays;

/** Computes the negative logarithm of the acceptance rate {@code A = sum min(p, q)} of speculative decoding. */
final class Acceptance {

  /** The total variation distance up to which {@code A = 1 - TV} keeps its digits. */
  private static final double CLOSE = 0.5;

  private Acceptance() {}

  /**
   * Computes {@code -log A}. With {@code S = sum q [q <= p]} and {@code U = sum q [q > p]} the gradient is
   * {@code -q U/A} where {@code q <= p} and {@code q S/A} elsewhere.
   *
   * <p>The rate and {@code S} may underflow, so that the code uses their logarithms. The value is +inf and the gradient
   * 0 if no class belongs to both.
   */
  static double value(Distributions row, double[] gradient) {
    double distance = 0; // The total variation distance, as the sum of q - p over q > p.
    double excess = 0; // The sum U.
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < row.classes; i++) {
      boolean above = row.logRatio[i] < 0;
      distance += above ? row.difference(i) : 0;
      excess += above ? row.q(i) : 0;
      largest = Math.max(largest, logMin(row, i));
    }
    if (largest == Double.NEGATIVE_INFINITY) {
      Arrays.fill(gradient, 0);
      return Double.POSITIVE_INFINITY;
    }
    double both = 0; // The sums of min(p, q) and of q [q <= p], relative to the largest min(p, q).
    double kept = 0;
    for (int i = 0; i < row.classes; i++) {
      double term = StrictMath.exp(logMin(row, i) - largest);
      both += term;
      kept += row.logRatio[i] < 0 ? 0 : term;
    }
    double logRate = distance <= CLOSE ? StrictMath.log1p(-distance) : largest + StrictMath.log(both);
    for (int i = 0; i < row.classes; i++) {
      gradient[i] = row.logRatio[i] < 0
          ? row.q(i) * (kept / both)
          : row.studentHas(i) ? -StrictMath.exp(row.logQ(i) - logRate) * excess : 0;
    }
    return -logRate;
  }

  /** Returns {@code log min(p, q)}, which is -inf if one of them lacks the class. */
  private static double logMin(Distributions row, int i) {
    if (!row.studentHas(i) || !row.teacherHas(i)) {
      return Double.NEGATIVE_INFINITY;
    }
    return row.logRatio[i] < 0 ? row.logP(i) : row.logQ(i);
  }
}
