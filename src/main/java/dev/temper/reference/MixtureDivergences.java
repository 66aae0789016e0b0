package dev.temper.reference;

/**
 * Divergences against a mixture {@code m} of teacher and student: Jensen-Shannon and the two skew KLs. With a share strictly
 * between 0 and 1 they are finite whatever classes one side lacks.
 */
final class MixtureDivergences {

  private MixtureDivergences() {}

  /**
   * {@code beta KL(p, m) + (1 - beta) KL(q, m)} with {@code m = beta p + (1 - beta) q}; gradient {@code (1 - beta) q (log(q/m)
   * - KL(q, m))}.
   */
  static double jensenShannon(double beta, Distributions row, double[] gradient) {
    double teacherKl = 0;
    double studentKl = 0;
    for (int i = 0; i < row.classes; i++) {
      double d = row.logRatio[i];
      double m = row.mixture(i, beta);
      double logStudent = Logarithms.logOverMixture(-d, beta);
      teacherKl += Logarithms.klTerm(row.p(i), m, Logarithms.logOverMixture(d, 1 - beta));
      studentKl += Logarithms.klTerm(row.q(i), m, logStudent);
      gradient[i] = row.q(i) == 0 ? 0 : logStudent;
    }
    for (int i = 0; i < row.classes; i++) {
      gradient[i] = (1 - beta) * row.q(i) * (gradient[i] - studentKl);
    }
    return beta * teacherKl + (1 - beta) * studentKl;
  }

  /**
   * {@code KL(p, m)} with {@code m = a p + (1 - a) q}; gradient {@code -(1 - a) q (w - sum q w)}, {@code w = p/m}. The
   * constant 1 is taken off {@code w}, which changes nothing and makes it exactly 0 where {@code p = q}.
   */
  static double skewForward(double skew, Distributions row, double[] gradient) {
    if (skew == 0) {
      return KullbackLeibler.forward(row, gradient);
    }
    double value = 0;
    for (int i = 0; i < row.classes; i++) {
      double logOverM = Logarithms.logOverMixture(row.logRatio[i], 1 - skew);
      value += Logarithms.klTerm(row.p(i), row.mixture(i, skew), logOverM);
      gradient[i] = -(1 - skew) * StrictMath.expm1(logOverM);
    }
    throughSoftmax(row, gradient);
    return value;
  }

  /**
   * {@code KL(q, m)} with {@code m = (1 - a) p + a q}; gradient {@code q (h - sum q h)}, {@code h = log(q/m) - a q/m}; here
   * with the constant {@code a} added to {@code h}, for the same reason as above.
   */
  static double skewReverse(double skew, Distributions row, double[] gradient) {
    if (skew == 0) {
      return KullbackLeibler.reverse(row, gradient);
    }
    double value = 0;
    for (int i = 0; i < row.classes; i++) {
      double logOverM = Logarithms.logOverMixture(-row.logRatio[i], 1 - skew);
      value += Logarithms.klTerm(row.q(i), row.mixture(i, 1 - skew), logOverM);
      gradient[i] = row.q(i) == 0 ? 0 : logOverM - skew * StrictMath.expm1(logOverM);
    }
    throughSoftmax(row, gradient);
    return value;
  }

  /** From {@code g = dD/dq} to {@code dD/ds = q (g - sum q g)}. */
  static void throughSoftmax(Distributions row, double[] gradient) {
    double mean = 0;
    for (int i = 0; i < row.classes; i++) {
      mean += row.q(i) * gradient[i];
    }
    for (int i = 0; i < row.classes; i++) {
      gradient[i] = row.q(i) * (gradient[i] - mean);
    }
  }
}
