package dev.temper.reference;

/** Computes without cancellation the two logarithmic expressions that all divergences consist of. */
final class Logarithms {

  /**
   * The series of {@code d - 1 + e^-d} is used up to this bound. The plain expression loses fewer than four bits beyond
   * it.
   */
  private static final double SERIES = 0.5;

  /** The bound up to which an exponential is finite. */
  private static final double LARGEST_EXPONENT = 700;

  private Logarithms() {}

  /**
   * Returns one class of {@code KL(a, b)} as {@code a log(a/b) - a + b}. The terms {@code -a + b} sum to 0 over the
   * classes and make every result 0 or more.
   *
   * @param logRatio {@code log a - log b}; -inf stands for an absent {@code a} and gives {@code b}; +inf stands for a
   *     {@code b} that alone is absent and gives +inf, even if {@code a} has underflowed to 0
   */
  static double klTerm(double a, double b, double logRatio) {
    if (logRatio == Double.POSITIVE_INFINITY) {
      return Double.POSITIVE_INFINITY;
    }
    if (a == 0) {
      return b;
    }
    return Math.abs(logRatio) <= SERIES ? a * phi(logRatio) : a * logRatio - a + b;
  }

  /** Returns {@code d - 1 + e^-d = d^2/2 - d^3/6 + ...} with full relative accuracy. */
  static double phi(double d) {
    if (Math.abs(d) > SERIES) {
      return d + StrictMath.expm1(-d);
    }
    double term = d * d / 2;
    double sum = term;
    for (int n = 3; Math.abs(term) > Math.ulp(sum) / 4; n++) {
      term *= -d / n;
      sum += term;
    }
    return sum;
  }

  /**
   * Returns {@code log(a / m)} for {@code m = rest a + share b}. Both weights are given, because a weight near 0 would
   * lose its digits as a difference from 1.
   *
   * @param logRatio {@code log a - log b}, which may be infinite
   * @param rest weight of {@code a} in the mixture, {@code 1 - share}
   * @param share weight of {@code b} in the mixture, in (0, 1)
   */
  static double logOverMixture(double logRatio, double rest, double share) {
    double x = -logRatio; // x = log(b/a)
    if (x > LARGEST_EXPONENT) {
      return -(StrictMath.log(share) + x + StrictMath.log1p(rest / share * StrictMath.exp(-x)));
    }
    double change = share * StrictMath.expm1(x);
    return change > -0.5 ? -StrictMath.log1p(change) : -StrictMath.log(rest + share * StrictMath.exp(x));
  }
}
