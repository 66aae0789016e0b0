package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

/**
 * One class of a mixture {@code m = share p + (1 - share) q}: two logarithms in nats, and how far an engine's may be off.
 *
 * @param logPm {@code log(p/m)}, 0 where the teacher lacks the class
 * @param logQm {@code log(q/m)}, 0 where the student lacks it
 * @param errorPm of {@code logPm}, as far as it shrinks with it
 * @param errorQm of {@code logQm}, ditto
 * @param logarithm of both, whatever their size
 */
record MixtureClass(double logPm, double logQm, double errorPm, double errorQm, double logarithm) {

  /** Below the logarithm of any positive double: stands for that of a probability that is lost beside the other one. */
  private static final double LOG_OF_NOTHING = -800;

  /**
   * Where the divergence is not small, an engine may take {@code log2(m/larger)}, {@code larger = max(p, q)}, of a rounded sum
   * of 1 and 2^-|log2 p/q|. In nats: 4u log 2 from a device's logarithm, which is right to 2^-22 between 1/2 and 2 and to 2^-22 of
   * the result elsewhere; 4u times the smaller's share of m, at most 1/2 where it has no more weight, from the exponential, right to
   * 2^-22 of itself; 2u from rounding sum and weights: 7u, times the logarithm where the larger has the smaller weight.
   */
  private static final double LOGARITHM = 7 * U;

  /** With {@code |log p - log q|}, its error, and whether the divergence is not small. */
  static MixtureClass of(double share, double p, double q, double distance, double distanceError, boolean far) {
    double m = q + share * (p - q);
    double logPm = p > 0 ? Math.max(LOG_OF_NOTHING, Math.log1p(Math.max(-1, (1 - share) * (p - q) / m))) : 0;
    double logQm = q > 0 ? Math.max(LOG_OF_NOTHING, Math.log1p(Math.max(-1, -share * (p - q) / m))) : 0;
    double mixed = (q > p ? share : 1 - share) * -Math.expm1(-distance); // m = larger (1 - mixed): rounded where it is near 1
    double step = U * (2 * Math.min(distance, 50) + 3 * mixed / (1 - mixed));
    double logarithm = far ? LOGARITHM * Math.max(1, Math.log(Math.max(p, q) / m) / Math.log(2)) : 0;
    return new MixtureClass(logPm, logQm, (1 - share) * q / m * distanceError + step, share * p / m * distanceError + step, logarithm);
  }
}
