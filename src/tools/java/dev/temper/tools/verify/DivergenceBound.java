package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

import dev.temper.Divergence;

/**
 * Error bounds of one row's divergence {@code D(p, q)} and of its derivative {@code dD/ds}, {@code s = z/T}, before the
 * factors {@code T^2} and {@code T}.
 *
 * <p>The bounds propagate the errors of both softmaxes to first order. If the divergence of a row is below
 * {@link SoftmaxPair#NEAR}, its error must be small relative to the difference of student and teacher. Above that, an
 * engine may subtract sums of unnormalised terms.
 */
final class DivergenceBound {

  static final String VALUE =
      "far (KL >= 0.03): sum p (eps_t |d - D| + 2u(|t| + |s|)) + sum q eps_s + (4 + log2 C) u sum p |t - s|"
      + " + 2u (|log S_s/S_t| + log2 C + 1); near: min(1e-5 D, sum p |d| eps_d + (6 + log2 C) u D"
      + " + sum p phi(d) eps_p (|d| < 0.7, else p |d| eps_p + |q - p| eps_q)),"
      + " d = log p - log q, eps_d = u (4 |d0| + (8 + log2 C) M + 2 sum p |t| |1 - e^-d0|), d0 = t - s,"
      + " with two temperatures + 5 u^2 (|t| + |s| + sum p (|t| + |s|)),"
      + " M = sum p |1 - e^-d0|;"
      + " mixtures by the same terms of KL(p, m) and KL(q, m) + 3u w/(1 - w), w the other's share of the larger,"
      + " from D = 0.0075 on + 7u sum m max(1, log2(larger/m))";
  static final String GRADIENT =
      "forward KL, far: p eps_p + q eps_q, near: p eps_d + |q - p| eps_p; others: q_i (|g_i - G| eps_q"
      + " + err g_i + err G) + 2^-150 (1 + 4 |g_i - G|), G = sum q g, err g from eps_d, where D >= 0.0075 a mixture's"
      + " + 7u max(1, log2(larger/m)) + 2u |log(1 - share)|, below it a skew forward KL's + 3u |p/m - 1|; each"
      + " + 4u |part|, times weight T, row weight, scale / divisor";

  /**
   * The same limit for mixtures: for nearly equal distributions, Jensen-Shannon with beta = 1/2 is a fourth of the KL.
   */
  private static final double NEAR_MIXTURE = SoftmaxPair.NEAR / 4;

  /** Rounding error of a product below the smallest normal number of f32. */
  private static final double HALF_QUANTUM = 0x1p-150;

  private final SoftmaxPair pair;
  private final SoftmaxBound student;
  private final SoftmaxBound teacher;
  private final int classes;
  private final double steps;
  private final double[] gradient;
  private double value;

  private DivergenceBound(SoftmaxPair pair) {
    this.pair = pair;
    student = pair.student();
    teacher = pair.teacher();
    classes = pair.classes();
    steps = student.sumSteps();
    gradient = new double[classes];
  }

  /** The bounds of a row; DKD alone reads the label. */
  static DivergenceBound of(Divergence divergence, SoftmaxPair pair, int label) {
    DivergenceBound bound = new DivergenceBound(pair);
    switch (divergence) {
      case Divergence.ForwardKl() -> bound.addKl(1);
      case Divergence.ReverseKl() -> bound.addKl(0);
      case Divergence.Mixed(double lambda) -> bound.addKl(lambda);
      case Divergence.JensenShannon(double beta) -> bound.addMixture(beta, beta, 1 - beta, MixtureGradient.LOG_STUDENT);
      case Divergence.SkewForwardKl(double skew) when skew == 0 -> bound.addKl(1);
      case Divergence.SkewReverseKl(double skew) when skew == 0 -> bound.addKl(0);
      case Divergence.SkewForwardKl(double skew) -> bound.addMixture(skew, 1, 0, MixtureGradient.RATIO_TEACHER);
      case Divergence.SkewReverseKl(double skew) -> bound.addMixture(1 - skew, 0, 1, MixtureGradient.LOG_MINUS_RATIO);
      case Divergence.TotalVariation() -> bound.addTotalVariation();
      case Divergence.NegativeLogAcceptance() -> bound.value = AcceptanceBound.of(pair, bound.gradient);
      case Divergence.Dkd(double a, double b) -> bound.value = DecoupledBound.of(a, b, pair, label, bound.gradient);
      case Divergence.LogitMse() -> throw new IllegalArgumentException("logit-mse has no softmax");
    }
    return bound;
  }

  /** Absolute error of D. */
  double value() {
    return value;
  }

  /** Absolute error of dD/ds of one class. */
  double gradient(int i) {
    return gradient[i];
  }

  /** {@code lambda KL(p, q) + (1 - lambda) KL(q, p)}; a part of weight 0 is left out. */
  private void addKl(double lambda) {
    double reverse = 0;
    for (int i = 0; i < classes && lambda < 1; i++) {
      reverse += SoftmaxPair.klTerm(student.p(i), teacher.p(i), -pair.logRatio(i));
    }
    boolean near = pair.isNear((lambda > 0 ? lambda * pair.kl() : 0) + (1 - lambda) * reverse);
    if (lambda > 0) {
      addForwardKl(lambda, near);
    }
    if (lambda < 1) {
      addReverseKl(1 - lambda, reverse, near);
    }
  }

  private void addForwardKl(double weight, boolean near) {
    value += weight * klValue(teacher, student, pair.kl(), near);
    for (int i = 0; i < classes; i++) {
      double difference = Math.abs(student.p(i) - teacher.p(i));
      gradient[i] += weight * (pair.differenceError(i, near) + 4 * U * difference);
    }
  }

  private void addReverseKl(double weight, double reverse, boolean near) {
    value += weight * klValue(student, teacher, reverse, near);
    double[] g = new double[classes];
    double[] error = new double[classes];
    for (int i = 0; i < classes; i++) {
      g[i] = -pair.logRatio(i);
      error[i] = near ? pair.logRatioError(i) : teacher.relativeError(i) + student.relativeError(i);
    }
    addCentred(weight, g, error);
  }

  /** KL of a from b. */
  private double klValue(SoftmaxBound a, SoftmaxBound b, double divergence, boolean isNear) {
    double far = 0;
    double near = 0;
    double raw = 0;
    for (int i = 0; i < classes; i++) {
      double p = a.p(i);
      double d = a.logP(i) - b.logP(i);
      far += b.p(i) * b.exponentialError(i);
      if (p > 0) {
        far += p * (a.exponentialError(i) * Math.abs(d - divergence) + 2 * U * (-a.x(i) - b.x(i)));
        raw += p * Math.abs(a.x(i) - b.x(i));
        near += p * Math.min(1, Math.abs(d)) * pair.logRatioError(i);
        near += Math.abs(d) < 0.7
            ? SoftmaxPair.klTerm(p, b.p(i), d) * a.relativeError(i)
            : Math.abs(d) * a.error(i) + Math.abs(b.p(i) - p) * b.relativeError(i);
      } else {
        near += b.error(i);
      }
    }
    if (isNear) {
      return Math.min(1e-5 * divergence, near + (6 + steps) * U * divergence);
    }
    return far + (4 + steps) * U * raw + 2 * U * (Math.abs(a.logSum() - b.logSum()) + steps + 1);
  }

  private enum MixtureGradient { LOG_STUDENT, RATIO_TEACHER, LOG_MINUS_RATIO }

  /**
   * {@code a KL(p, m) + b KL(q, m)}, {@code m = share p + (1 - share) q}. An engine may subtract from {@code log(q/m)}
   * its limit for {@code p/q = 0}, {@code -log(1 - share)}, so that almost disjoint rows have a gradient of 0. Both are
   * rounded at the size of the limit. Where the divergence is small, it may compute {@code p/m - 1} for {@code p/m}.
   */
  private void addMixture(double share, double a, double b, MixtureGradient kind) {
    double[] g = new double[classes];
    double[] error = new double[classes];
    double sum = 0;
    boolean far = mixture(share, a, b) >= NEAR_MIXTURE || !pair.isExact();
    for (int i = 0; i < classes; i++) {
      double p = teacher.p(i);
      double q = student.p(i);
      double m = q + share * (p - q);
      if (m <= 0) {
        continue;
      }
      MixtureClass c = MixtureClass.of(share, p, q, Math.abs(pair.logRatio(i)), pair.logRatioError(i), far);
      value += a * p * (Math.min(1, Math.abs(c.logPm())) * c.errorPm())
          + b * q * (Math.min(1, Math.abs(c.logQm())) * c.errorQm());
      double ofP = SoftmaxPair.klTerm(p, m, c.logPm());
      double ofQ = SoftmaxPair.klTerm(q, m, c.logQm());
      value += (a * p + b * q) * c.logarithm();
      value += (a * ofP + b * ofQ) * Math.max(teacher.relativeError(i), student.relativeError(i));
      sum += a * ofP + b * ofQ;
      switch (kind) {
        case LOG_STUDENT -> {
          g[i] = b * c.logQm();
          error[i] = b * (c.errorQm() + c.logarithm() + (far ? 2 * U * Math.abs(Math.log(1 - share)) : 0));
        }
        case RATIO_TEACHER -> {
          g[i] = -(1 - share) * p / m;
          double excess = far ? 0 : (1 - share) * (p - q) / m; // p/m - 1
          error[i] = -g[i] * (c.errorPm() + 3 * U) + (1 - share) * 3 * U * Math.abs(excess);
        }
        case LOG_MINUS_RATIO -> {
          double ratio = (1 - share) * q / m;
          g[i] = c.logQm() - ratio;
          error[i] = c.errorQm() + c.logarithm() + ratio * (c.errorQm() + 3 * U)
              + (far ? 2 * U * Math.abs(Math.log(1 - share)) : 0);
        }
      }
      if (Math.max(p, q) < Float.MIN_NORMAL) {
        error[i] += 1 + Math.abs(g[i]) - Math.log(Math.min(share, 1 - share)); // the quotient p/q may be lost
      }
    }
    value += (6 + steps) * U * sum;
    addCentred(1, g, error);
  }

  private double mixture(double share, double a, double b) {
    double sum = 0;
    for (int i = 0; i < classes; i++) {
      double p = teacher.p(i);
      double q = student.p(i);
      double m = q + share * (p - q);
      sum += p > 0 ? a * p * Math.log(p / m) : 0;
      sum += q > 0 ? b * q * Math.log(q / m) : 0;
    }
    return sum;
  }

  private void addTotalVariation() {
    double[] g = new double[classes];
    double[] error = new double[classes];
    for (int i = 0; i < classes; i++) {
      double difference = student.p(i) - teacher.p(i);
      double uncertain = pair.differenceError(i);
      value += 0.5 * (uncertain + (3 + steps) * U * Math.abs(difference));
      g[i] = 0.5 * Math.signum(difference);
      error[i] = Math.abs(difference) < uncertain ? 1 : 0; // rounding decides the sign
    }
    addCentred(1, g, error);
  }

  /** Bound of {@code q_i (g_i - sum q g)}. */
  private void addCentred(double weight, double[] g, double[] error) {
    double mean = 0;
    double meanError = 0;
    double size = 0;
    for (int j = 0; j < classes; j++) {
      double q = student.p(j);
      if (q > 0) {
        mean += q * g[j];
        size += q * Math.abs(g[j]);
        meanError += student.error(j) * Math.abs(g[j]) + q * error[j];
      }
    }
    meanError += (2 + steps) * U * size;
    for (int i = 0; i < classes; i++) {
      double q = student.p(i);
      if (q > 0) {
        double centred = Math.abs(g[i] - mean);
        gradient[i] += weight * (q * (centred * (student.relativeError(i) + 4 * U) + error[i] + meanError)
            + HALF_QUANTUM * (1 + 4 * centred));
      }
    }
  }
}
