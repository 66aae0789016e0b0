package dev.temper.reference;

import java.util.Arrays;

/** The softmax of one row at one temperature; holds the row until the next one is set. */
final class Softmax {

  /** Probability of each class; exactly 0 where the logit is -inf. */
  final double[] probability;

  /** Largest logit. */
  double max;

  /** {@code log sum exp((x - max)/T)}, at least 0. */
  double logSum;

  private final int classes;

  Softmax(int classes) {
    this.classes = classes;
    this.probability = new double[classes];
  }

  /**
   * Takes in a row.
   *
   * @return whether it has a softmax: no NaN, no +inf, not all -inf; if not, every probability is NaN
   */
  boolean set(double[] logits, double temperature) {
    int largest = 0;
    boolean poisoned = false;
    for (int i = 0; i < classes; i++) {
      poisoned |= Double.isNaN(logits[i]) || logits[i] == Double.POSITIVE_INFINITY;
      largest = logits[i] > logits[largest] ? i : largest;
    }
    max = logits[largest];
    if (poisoned || max == Double.NEGATIVE_INFINITY) {
      max = Double.NaN;
      logSum = Double.NaN;
      Arrays.fill(probability, Double.NaN);
      return false;
    }
    double rest = 0; // all but the largest, so that the logarithm of 1 + rest keeps its digits for a confident row
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
}
