package dev.temper.tools.verify;

/**
 * A tempered softmax of one row in f64, and the error bounds of an f32 softmax.
 *
 * <p>With {@code x = (z - max z)/T}, rounding {@code z - max z} and {@code 1/T} costs {@code 2 |x| u}. An exponential
 * within 1.5 units in the last place costs {@code 3 u}, so that {@code e = 3 + 2 |x|} in units of u. In
 * {@code p = exp(x)/S} the class's own share of the error cancels:
 * {@code eps(p) = u ((1 - p) e + sum over others (p e) + 2 + log2 C)}. The term {@code log2 C} is the error of a
 * blocked or pairwise sum, and 2 that of reciprocal and product. An exponential below {@code 2^-126} may count as 0.
 */
final class SoftmaxBound {

  static final String FORMULA =
      "e = 3 + 2|x|, x = (z - max z)/T; eps(p_i) = u ((1 - p_i) e_i + sum_{j/=i} p_j e_j + 2 + log2 C),"
          + " 1 where exp(x_i) < 2^-126";

  /** Slightly more than the logarithm of 2^-126. */
  private static final double SMALLEST = -126 * Math.log(2) + 1e-3;

  private final double[] x;
  private final double[] p;
  private final double[] exponentialError;
  private final double meanExponentialError;
  private final double logSum;
  private final double sumSteps;
  private final double inputError;
  private final double temperature;

  private SoftmaxBound(double[] x, double[] p, double[] exponentialError, double meanError, double logSum,
      double inputError, double temperature) {
    this.x = x;
    this.p = p;
    this.exponentialError = exponentialError;
    this.meanExponentialError = meanError;
    this.logSum = logSum;
    this.inputError = inputError;
    this.temperature = temperature;
    sumSteps = log2(x.length);
  }

  /**
   * The softmax of a valid row.
   *
   * @param logits at least one finite logit, no NaN and no +inf
   * @param inputError absolute error of each logit
   */
  static SoftmaxBound of(double[] logits, double temperature, double inputError) {
    int classes = logits.length;
    double max = Double.NEGATIVE_INFINITY;
    for (double logit : logits) {
      max = Math.max(max, logit);
    }
    double[] x = new double[classes];
    double[] p = new double[classes];
    double sum = 0;
    for (int i = 0; i < classes; i++) {
      x[i] = (logits[i] - max) / temperature;
      p[i] = Math.exp(x[i]);
      sum += p[i];
    }
    double[] error = new double[classes];
    double mean = 0;
    for (int i = 0; i < classes; i++) {
      p[i] /= sum;
      if (x[i] > Double.NEGATIVE_INFINITY) {
        error[i] = Precision.U * (3 + 2 * -x[i]) + 2 * inputError / temperature;
        mean += p[i] * error[i];
      }
    }
    return new SoftmaxBound(x, p, error, mean, Math.log(sum), inputError / temperature, temperature);
  }

  int classes() {
    return x.length;
  }

  double temperature() {
    return temperature;
  }

  /** {@code (z - max z)/T}. */
  double x(int i) {
    return x[i];
  }

  double p(int i) {
    return p[i];
  }

  /** Logarithm of the sum of exponentials, shifted by the maximum. */
  double logSum() {
    return logSum;
  }

  /** {@code log p}, accurate even if p underflows. */
  double logP(int i) {
    return x[i] - logSum;
  }

  /** Absolute error of {@code z/T} before any rounding of the softmax. */
  double inputError() {
    return inputError;
  }

  /** Absolute error of {@link #logP}, of which {@code 2u|x|} is that of the class itself. */
  double logError(int i) {
    return x[i] > Double.NEGATIVE_INFINITY ? 2 * Precision.U * -x[i] + 2 * inputError + logSumError() : 0;
  }

  /** The entropy {@code log S - sum p x} in nats. */
  double entropy() {
    double sum = logSum;
    for (int i = 0; i < x.length; i++) {
      sum -= p[i] > 0 ? p[i] * x[i] : 0;
    }
    return sum;
  }

  /**
   * Absolute error of {@link #entropy}. An exponential that is {@code eps_e} too large moves it by {@code p eps_e |log
   * p + H|}. The sum of {@code p x} has rounded terms and steps, and {@code log S} is rounded with the difference.
   */
  double entropyError() {
    double entropy = entropy();
    double error = Precision.U * (sumSteps + 2 + 2 * Math.abs(logSum)) + 2 * inputError;
    for (int i = 0; i < x.length; i++) {
      if (p[i] > 0) {
        error += p[i] * (exponentialError[i] * Math.abs(logP(i) + entropy) + (5 + sumSteps) * Precision.U * -x[i]);
      }
    }
    return error;
  }

  /** Relative error of {@code p(i)}. */
  double relativeError(int i) {
    if (x[i] < SMALLEST) {
      return 1;
    }
    return (1 - 2 * p[i]) * exponentialError[i] + meanExponentialError + Precision.U * (2 + sumSteps);
  }

  /** Absolute error of {@code p(i)}. */
  double error(int i) {
    return p[i] > 0 ? p[i] * relativeError(i) : 0;
  }

  /** Relative error of the exponential of a class. */
  double exponentialError(int i) {
    return exponentialError[i];
  }

  /** Absolute error of {@link #logSum}. */
  double logSumError() {
    return meanExponentialError + Precision.U * (sumSteps + 1 + Math.abs(logSum));
  }

  /** Number of additions of one term in a blocked or pairwise sum. */
  double sumSteps() {
    return sumSteps;
  }

  private static double log2(int n) {
    return Math.log(n) / Math.log(2);
  }
}
