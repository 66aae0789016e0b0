package dev.temper.reference;

/**
 * Computes the divergences against a mixture {@code m} of teacher and student: Jensen-Shannon and the two skew KLs.
 * Absent classes keep the value finite if the share lies strictly between 0 and 1.
 */
final class MixtureDivergences {

  private MixtureDivergences() {}

  /**
   * Computes {@code beta KL(p, m) + (1 - beta) KL(q, m)} with {@code m = beta p + (1 - beta) q}. The gradient is {@code
   * (1 - beta) q (log(q/m) - KL(q, m))}.
   */
  static double jensenShannon(double beta, Distributions row, double[] gradient) {
    double teacherKl = 0;
    double studentKl = 0;
    for (int i = 0; i < row.classes; i++) {
      double d = row.logRatio[i];
      double m = row.mixture(i, beta, 1 - beta);
      double logStudent = Logarithms.logOverMixture(-d, 1 - beta, beta);
      teacherKl += Logarithms.klTerm(row.p(i), m, Logarithms.logOverMixture(d, beta, 1 - beta));
      studentKl += Logarithms.klTerm(row.q(i), m, logStudent);
      gradient[i] = row.q(i) == 0 ? 0 : logStudent;
    }
    for (int i = 0; i < row.classes; i++) {
      gradient[i] = (1 - beta) * row.q(i) * (gradient[i] - studentKl);
    }
    return beta * teacherKl + (1 - beta) * studentKl;
  }

  /**
   * Computes {@code KL(p, m)} with {@code m = a p + (1 - a) q}. The gradient is {@code -(1 - a) q (w - sum q w)} with
   * {@code w = p/m}.
   *
   * <p>The code subtracts the constant 1 from {@code w} unless the mean of {@code w} is small. The constant leaves the
   * gradient unchanged and makes {@code w} exactly 0 if {@code p = q}. Without it, {@code w} keeps its digits if
   * student and teacher lie far apart.
   */
  static double skewForward(double skew, Distributions row, double[] gradient) {
    if (skew == 0) {
      return KullbackLeibler.forward(row, gradient);
    }
    double value = 0;
    double mean = 0;
    for (int i = 0; i < row.classes; i++) {
      double logOverM = Logarithms.logOverMixture(row.logRatio[i], skew, 1 - skew);
      value += Logarithms.klTerm(row.p(i), row.mixture(i, skew, 1 - skew), logOverM);
      mean += row.q(i) * StrictMath.exp(logOverM);
      gradient[i] = logOverM;
    }
    for (int i = 0; i < row.classes; i++) {
      gradient[i] = -(1 - skew) * (mean < 0.5 ? StrictMath.exp(gradient[i]) : StrictMath.expm1(gradient[i]));
    }
    throughSoftmax(row, gradient);
    return value;
  }

  /**
   * Computes {@code KL(q, m)} with {@code m = (1 - a) p + a q}. The gradient is {@code q (h - sum q h)} with {@code h =
   * log(q/m) - a q/m}.
   *
   * <p>The code adds the constant {@code a} to {@code h}. The constant leaves the gradient unchanged and makes {@code
   * h} exactly 0 if {@code p = q}. With {@code l = log(q/m)} the sum is {@code (1 - a) l - a (e^l - 1 - l)}, which
   * keeps its digits if {@code a} is close to 1.
   */
  static double skewReverse(double skew, Distributions row, PartGradient gradient) {
    if (skew == 0) {
      return KullbackLeibler.reverse(row, gradient);
    }
    double[] g = gradient.value;
    double value = 0;
    for (int i = 0; i < row.classes; i++) {
      double logOverM = Logarithms.logOverMixture(-row.logRatio[i], skew, 1 - skew);
      value += Logarithms.klTerm(row.q(i), row.mixture(i, 1 - skew, skew), logOverM);
      g[i] = row.q(i) == 0 ? 0 : (1 - skew) * logOverM - skew * Logarithms.phi(-logOverM);
    }
    throughSoftmax(row, g);
    return value;
  }

  /** Replaces {@code g = dD/dq} by {@code dD/ds = q (g - sum q g)}. */
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
