package dev.temper.reference;

/**
 * Replaces the logits of a row by {@code (x - mean)/(sd + e)} with {@code e = 1e-7}, over the {@code C'} classes whose
 * logit is not -inf. The variance is divided by {@code C' - 1}.
 */
final class Standardisation {

  private static final double EPSILON = 1e-7;

  private final double[] centred;
  private int present;
  private double deviation;

  Standardisation(int classes) {
    centred = new double[classes];
  }

  /**
   * Replaces the logits of a row. A row that holds NaN or +inf or consists of -inf stays as it is.
   *
   * @return whether the row has a standard deviation above 0; all its finite logits are 0 otherwise
   */
  boolean apply(double[] x) {
    double max = Double.NEGATIVE_INFINITY;
    double min = Double.POSITIVE_INFINITY;
    present = 0;
    for (double each : x) {
      max = Math.max(max, each); // NaN if any is
      if (each != Double.NEGATIVE_INFINITY) {
        present++;
        min = Math.min(min, each);
      }
    }
    if (!Double.isFinite(max)) {
      deviation = 0;
      return false;
    }
    // Differences from the maximum are exactly 0 for equal logits, whose mean may be rounded.
    double mean = 0;
    for (double each : x) {
      mean += each == Double.NEGATIVE_INFINITY ? 0 : (each - max) / present;
    }
    double squares = 0;
    for (int i = 0; i < x.length; i++) {
      centred[i] = x[i] - max - mean;
      squares += x[i] == Double.NEGATIVE_INFINITY ? 0 : centred[i] * centred[i];
    }
    deviation = max > min ? Math.sqrt(squares / (present - 1)) : 0;
    for (int i = 0; i < x.length; i++) {
      x[i] = deviation > 0 ? centred[i] / (deviation + EPSILON) : x[i] == Double.NEGATIVE_INFINITY ? x[i] : 0;
    }
    return deviation > 0;
  }

  /**
   * Replaces the gradient {@code h} for the standardised logits by that for the logits, which is 0 for absent classes:
   * {@code (h_i - mean h)/(sd + e) - (x_i - mean)/((C' - 1) sd (sd + e)^2) sum_k h_k (x_k - mean)}.
   */
  void chain(double[] h) {
    double mean = 0;
    double product = 0;
    for (int i = 0; i < h.length; i++) {
      if (centred[i] != Double.NEGATIVE_INFINITY) {
        mean += h[i] / present;
        product += h[i] * centred[i];
      }
    }
    double scale = 1 / (deviation + EPSILON);
    double slope = product * scale * scale / ((present - 1) * deviation);
    for (int i = 0; i < h.length; i++) {
      h[i] = centred[i] == Double.NEGATIVE_INFINITY ? 0 : (h[i] - mean) * scale - centred[i] * slope;
    }
  }
}
