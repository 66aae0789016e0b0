package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

/**
 * One class of a mixture {@code m = share p + (1 - share) q}: two logarithms in nats, and the error bounds of an
 * engine's.
 *
 * @param logPm {@code log(p/m)}; 0 if the class is absent in the teacher
 * @param logQm {@code log(q/m)}; 0 if the class is absent in the student
 * @param errorPm the part of the error of {@code logPm} that shrinks with it
 * @param errorQm the part of the error of {@code logQm} that shrinks with it
 * @param logarithm the part of both errors that does not depend on their size
 */
record MixtureClass(double logPm, double logQm, double errorPm, double errorQm, double logarithm) {

  /** The logarithm of a probability that is lost beside the other one: below that of any positive double. */
  private static final double LOG_OF_NOTHING = -800;

  /**
   * If the divergence is not small, an engine may compute {@code log2(m/larger)}, {@code larger = max(p, q)}, from a
   * rounded sum of 1 and 2^-|log2 p/q|. The error in nats has three parts. A device's logarithm has an error of 2^-22
   * between 1/2 and 2, and of 2^-22 of the result elsewhere: 4u log 2. The exponential has a relative error of 2^-22:
   * 4u times the smaller probability's share of m, which is at most 1/2 unless its weight is larger. Rounding of the
   * sum and the weights: 2u. The total is 7u, times the logarithm if the larger probability has the smaller weight.
   */
  private static final double LOGARITHM = 7 * U;

  /**
   * A class with the probabilities p and q.
   *
   * @param distance {@code |log p - log q|}
   * @param distanceError error of the distance
   * @param far whether the divergence of the row is not small
   */
  static MixtureClass of(double share, double p, double q, double distance, double distanceError, boolean far) {
    double m = q + share * (p - q);
    double logPm = p > 0 ? logOfShare(p, (1 - share) * (p - q), m) : 0;
    double logQm = q > 0 ? logOfShare(q, -share * (p - q), m) : 0;
    // m = larger (1 - mixed), which is rounded if mixed is near 1.
    double mixed = (q > p ? share : 1 - share) * -Math.expm1(-distance);
    double step = U * (2 * Math.min(distance, 50) + 3 * mixed / (1 - mixed));
    double logarithm = far ? LOGARITHM * Math.max(1, Math.log(Math.max(p, q) / m) / Math.log(2)) : 0;
    return new MixtureClass(logPm, logQm, (1 - share) * q / m * distanceError + step, share * p / m * distanceError
        + step, logarithm);
  }

  /** {@code log(a/m)} from {@code a - m}, in the form that loses no digits. */
  private static double logOfShare(double a, double excess, double m) {
    double r = excess / m;
    return Math.max(LOG_OF_NOTHING, r > -0.5 ? Math.log1p(r) : Math.log(a) - Math.log(m));
  }
}
