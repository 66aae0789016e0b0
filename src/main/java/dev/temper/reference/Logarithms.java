package dev.temper.reference;

/** The two expressions with logarithms that all divergences are made of, without cancellation. */
final class Logarithms {

  /** Up to here the series of {@code d - 1 + e^-d}; beyond, the plain expression loses less than four bits. */
  private static final double SERIES = 0.5;

  private Logarithms() {}

  /**
   * One class of {@code KL(a, b)} as {@code a log(a/b) - a + b}: the last two sum to 0 over the classes and make every term
   * positive.
   *
   * @param logRatio {@code log a - log b}: -inf where {@code a} is absent (the term is {@code b}), +inf where {@code b} is and
   *     {@code a} is not (the term is +inf, even if {@code a} is too small to be seen)
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

  /** {@code d - 1 + e^-d = d^2/2 - d^3/6 + ...}, to the last bits relative to itself. */
  private static double phi(double d) {
    double term = d * d / 2;
    double sum = term;
    for (int n = 3; Math.abs(term) > Math.ulp(sum) / 4; n++) {
      term *= -d / n;
      sum += term;
    }
    return sum;
  }

  /**
   * {@code log(a / m)} for {@code m = a + share (b - a)}.
   *
   * @param logRatio {@code log a - log b}, may be infinite
   * @param share weight of {@code b} in the mixture, in (0, 1)
   */
  static double logOverMixture(double logRatio, double share) {
    double x = -logRatio; // log(b/a)
    if (x <= 1) {
      return -StrictMath.log1p(share * StrictMath.expm1(x));
    }
    return -(StrictMath.log(share) + x + StrictMath.log1p((1 - share) / share * StrictMath.exp(-x)));
  }
}
