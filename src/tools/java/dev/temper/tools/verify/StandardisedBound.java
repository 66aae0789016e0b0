package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

import java.util.Arrays;

/**
 * A row of standardised logits {@code (x - mean)/(sd + 1e-7)} in f64, and the error bounds of an engine's.
 *
 * <p>An engine sums {@code x - max} and its square, and subtracts the square of the mean. With {@code k = 4 + log2 C}
 * roundings, the mean is off by {@code k u (max - mean)}, and the variance by {@code k u (sd^2 + (max - mean)^2)}. The
 * relative error of {@code sd} is half that of the variance.
 */
final class StandardisedBound {

  static final String FORMULA = "standardised logits are off by (|x'| err_sd + (k u (max - mean) + 2u |x - max|)/sd),"
      + " k = 4 + log2 C, err_sd = k u (1 + (max - mean)^2/sd^2)/2 + 3u; their gradient by ((err h + mean err h + k u"
      + " mean |h|) + |h - mean h| (err_sd + 4u) + |x'| (sum |x'| err h + |h| err x' + k u |h x'|)/C"
      + " + |x'| |P| (3 err_sd + 6u) + err x' |P|)/sd, P = sum h x'/C";

  private static final double EPSILON = 1e-7;

  private final double[] logits;
  private final int present;
  private final double deviation;
  private final double deviationError;
  private final double error;
  private final double steps;

  private StandardisedBound(double[] logits, int present, double deviation, double deviationError, double error) {
    this.logits = logits;
    this.present = present;
    this.deviation = deviation;
    this.deviationError = deviationError;
    this.error = error;
    steps = 4 + Math.log(logits.length) / Math.log(2);
  }

  /** Standardises logits that are off by {@code inputError}; at least one is finite. */
  static StandardisedBound of(double[] x, double inputError) {
    double max = Arrays.stream(x).max().orElseThrow();
    double[] finite = Arrays.stream(x).filter(each -> each > Double.NEGATIVE_INFINITY).map(each -> each - max)
        .toArray();
    double mean = Arrays.stream(finite).sum() / finite.length;
    double variance = Arrays.stream(finite).map(each -> (each - mean) * (each - mean)).sum()
        / Math.max(1, finite.length - 1);
    double min = Arrays.stream(finite).min().orElseThrow();
    double sd = min < 0 ? Math.sqrt(variance) : 0;
    double[] standardised = Arrays.stream(x).map(each -> each - max - mean)
        .map(centred -> sd > 0 ? centred / (sd + EPSILON) : centred == Double.NEGATIVE_INFINITY ? centred : 0)
        .toArray();
    double k = 4 + Math.log(x.length) / Math.log(2);
    double sdError = 0.5 * k * U * (1 + mean * mean / variance) + 3 * U + 2 * inputError / sd;
    double largest = Arrays.stream(standardised).filter(Double::isFinite).map(Math::abs).max().orElse(0);
    double error = sd > 0 ? largest * sdError + (k * U * -mean + 2 * U * -min + 2 * inputError) / sd : 0;
    return new StandardisedBound(standardised, finite.length, sd, sdError, error);
  }

  /** The standardised logits; 0 if all are equal. */
  double[] logits() {
    return logits;
  }

  /** Whether there is no standard deviation, so that the soft part is 0. */
  boolean isFlat() {
    return deviation == 0;
  }

  /** Largest absolute error of a standardised logit. */
  double error() {
    return error;
  }

  /** Replaces the error bounds of the gradient {@code h} for the standardised logits by those for the logits. */
  void chain(double[] h, double[] bounds) {
    double mean = 0;
    double meanSize = 0;
    double meanError = 0;
    double product = 0;
    double productError = 0;
    for (int i = 0; i < h.length; i++) {
      if (Double.isFinite(logits[i])) {
        mean += h[i] / present;
        meanSize += Math.abs(h[i]) / present;
        meanError += bounds[i] / present;
        product += h[i] * logits[i] / (present - 1);
        productError += (bounds[i] * Math.abs(logits[i]) + Math.abs(h[i]) * error
            + steps * U * Math.abs(h[i] * logits[i])) / (present - 1);
      }
    }
    for (int i = 0; i < h.length; i++) {
      if (Double.isFinite(logits[i])) {
        double x = Math.abs(logits[i]);
        double centred = bounds[i] + meanError + steps * U * meanSize
            + Math.abs(h[i] - mean) * (deviationError + 4 * U);
        double along = x * productError + Math.abs(product) * (error + x * (3 * deviationError + 6 * U));
        bounds[i] = (centred + along) / deviation;
      } else {
        bounds[i] = 0;
      }
    }
  }
}
