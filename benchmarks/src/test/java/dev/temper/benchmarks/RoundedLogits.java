package dev.temper.benchmarks;

import static dev.temper.benchmarks.RoundingBounds.U;

import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * Logits of a row in f64.
 *
 * @param x the exact logits
 * @param error how far an f32 engine's may be away
 */
@SuppressWarnings("ArrayRecordComponent") // the array lives for one row
record RoundedLogits(double[] x, double error) {

  /** No class is left out. */
  static final int NONE = -1;

  /** {@code c tanh(x/c)} is off by {@code 4 u} of the largest. */
  static RoundedLogits capped(double[] x, OptionalDouble cap) {
    if (cap.isEmpty()) {
      return new RoundedLogits(x, 0);
    }
    double c = cap.getAsDouble();
    double[] y = Arrays.stream(x).map(each -> c * Math.tanh(each / c)).toArray();
    return new RoundedLogits(y, 4 * U * Arrays.stream(y).map(Math::abs).max().orElseThrow());
  }

  /**
   * {@code x' = (x - mean)/sd}: its sums have {@code k = 4 + log2 C} roundings, hence {@code u X (k (3 + X^2)/2 + 7)}
   * for {@code X = max |x'|}.
   */
  RoundedLogits standardised() {
    double mean = mean();
    double sd = deviation();
    double[] standard = Arrays.stream(x).map(each -> (each - mean) / (sd + 1e-7)).toArray();
    double largest = Arrays.stream(standard).map(Math::abs).max().orElseThrow();
    double k = 4 + Math.log(x.length) / Math.log(2);
    return new RoundedLogits(standard, U * largest * (k * (3 + largest * largest) / 2 + 7) + 2 * error / sd);
  }

  private double mean() {
    return Arrays.stream(x).sum() / x.length;
  }

  double deviation() {
    double mean = mean();
    return Math.sqrt(Arrays.stream(x).map(each -> (each - mean) * (each - mean)).sum() / (x.length - 1));
  }

  /** Relative error of the softmax: {@code u (4 R/T + 16) + 2 e/T} for a range R and an error e of the logits. */
  double eps(double temperature) {
    double range = Arrays.stream(x).max().orElseThrow() - Arrays.stream(x).min().orElseThrow();
    return U * (4 * range / temperature + 16) + 2 * error / temperature;
  }

  /** {@code log sum e^(x/T)} over all classes but one, or but {@link #NONE}. */
  double logSumExp(double temperature, int without) {
    double max = Arrays.stream(x).max().orElseThrow();
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += i == without ? 0 : Math.exp((x[i] - max) / temperature);
    }
    return max / temperature + Math.log(sum);
  }
}
