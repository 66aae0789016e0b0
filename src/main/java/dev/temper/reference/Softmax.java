package dev.temper.reference;

import java.util.Arrays;

/** Computes the softmax of one row at one temperature and holds the results until the next row. */
final class Softmax {

  /** The probability of each class is exactly 0 if its logit is -inf. */
  final double[] probability;

  double max;

  /** The value is {@code log sum exp((x - max)/T)} and is at least 0. */
  double logSum;

  private final int classes;

  Softmax(int classes) {
    this.classes = classes;
    this.probability = new double[classes];
  }

  /**
   * Computes the softmax of a row.
   *
   * @return false if the row holds NaN or +inf or consists of -inf; every probability is then NaN
   */
  boolean set(double[] logits, double temperature) {
    int largest = 0;
    boolean nonFinite = false;
    for (int i = 0; i < classes; i++) {
      nonFinite |= Double.isNaN(logits[i]) || logits[i] == Double.POSITIVE_INFINITY;
      largest = logits[i] > logits[largest] ? i : largest;
    }
    max = logits[largest];
    if (nonFinite || max == Double.NEGATIVE_INFINITY) {
      max = Double.NaN;
      logSum = Double.NaN;
      Arrays.fill(probability, Double.NaN);
      return false;
    }
    // The sum omits the largest class, so that the logarithm of 1 + rest keeps its digits for a confident row.
    double rest = 0;
    for (int i = 0; i < classes; i++) {
      probability[i] = StrictMath.exp((logits[i] - max) / temperature);
      rest += i == largest ? 0 : probability[i];
    }
    logSum = StrictMath.log1p(rest);
    for (int i = 0; i < classes; i++) {
      probability[i] /= 1 + rest;
    }
    return true;
  }

  /**
   * Returns the entropy {@code -sum p log p} in nats. The arguments are those of {@link #set}; the result is NaN if the
   * row has no softmax.
   */
  double entropy(double[] logits, double temperature) {
    double sum = 0;
    for (int i = 0; i < classes; i++) {
      boolean absent = logits[i] == Double.NEGATIVE_INFINITY;
      sum += absent ? 0 : probability[i] * (logSum - (logits[i] - max) / temperature);
    }
    return Double.isNaN(max) ? Double.NaN : sum;
  }
}
