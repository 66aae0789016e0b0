package dev.temper.tools.bench;

import java.util.Arrays;

/**
 * Quantiles of repeated measurements, in the unit of the samples.
 *
 * @param median the median
 * @param low the quantile at 10 %
 * @param high the quantile at 90 %
 * @param fastest the smallest sample
 * @param samples number of samples
 */
public record Quantiles(double median, double low, double high, double fastest, int samples) {

  /**
   * The quantiles of samples.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static Quantiles of(double... samples) {
    if (samples.length == 0) {
      throw new IllegalArgumentException("no samples, expected at least 1");
    }
    double[] sorted = samples.clone();
    Arrays.sort(sorted);
    return new Quantiles(quantile(sorted, 0.5), quantile(sorted, 0.1), quantile(sorted, 0.9), sorted[0], sorted.length);
  }

  /** Interpolates linearly between neighbours, like NumPy. */
  private static double quantile(double[] sorted, double share) {
    double position = share * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }
}
