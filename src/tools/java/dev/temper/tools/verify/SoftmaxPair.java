package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

/**
 * Student and teacher of one row: {@code d = log p - log q} of each class, and the error bounds of an engine's.
 *
 * <p>Rows whose KL is below {@link #NEAR} must keep the digits of {@code d} relative to itself. A softcap or
 * standardised logits are exempt, because their rounding moves student and teacher apart.
 */
final class SoftmaxPair {

  /** KL in nats below which errors are bounded relative to the difference of student and teacher. */
  static final double NEAR = 0.03;

  private final SoftmaxBound student;
  private final SoftmaxBound teacher;
  private final double kl;
  private final double nearShift;

  SoftmaxPair(SoftmaxBound student, SoftmaxBound teacher) {
    this.student = student;
    this.teacher = teacher;
    double sum = 0;
    double m = 0;
    double weighted = 0;
    double ofPairs = 0;
    for (int i = 0; i < student.classes(); i++) {
      double p = teacher.p(i);
      sum += klTerm(p, student.p(i), logRatio(i));
      if (p > 0) {
        double excess = p * Math.abs(Math.expm1(Math.min(700, -rawRatio(i))));
        m += excess;
        weighted += excess * -teacher.x(i);
        ofPairs += p * pairError(i);
      }
    }
    kl = sum;
    nearShift = U * ((8 + student.sumSteps()) * m + 2 * weighted) + ofPairs;
  }

  SoftmaxBound student() {
    return student;
  }

  SoftmaxBound teacher() {
    return teacher;
  }

  int classes() {
    return student.classes();
  }

  /** {@code KL(p, q)}. */
  double kl() {
    return kl;
  }

  /** Whether no rounding precedes the softmax. */
  boolean isExact() {
    return student.inputError() == 0 && teacher.inputError() == 0;
  }

  boolean isNear() {
    return isNear(kl);
  }

  /** Whether errors of a divergence of this size are bounded relative to the difference of student and teacher. */
  boolean isNear(double divergence) {
    return divergence < NEAR && isExact();
  }

  /** {@code t - s}, of logits shifted by their maxima. */
  double rawRatio(int i) {
    double t = teacher.x(i);
    double s = student.x(i);
    return t == s ? 0 : t - s;
  }

  /** {@code log p - log q}; 0 if the class is absent in both. */
  double logRatio(int i) {
    return rawRatio(i) == 0 && teacher.x(i) == Double.NEGATIVE_INFINITY ? 0 : rawRatio(i) - teacher.logSum()
        + student.logSum();
  }

  /**
   * Returns the absolute error of {@link #rawRatio} for different temperatures. Both t and s are then pairs of floats,
   * whose smaller one is rounded.
   */
  private double pairError(int i) {
    double size = teacher.x(i) + student.x(i);
    return student.temperature() == teacher.temperature() || !Double.isFinite(size) ? 0 : 5 * U * U * -size;
  }

  /**
   * Returns the absolute error of {@link #logRatio}. It is 0 for a class that student or teacher lacks, because no
   * engine computes its logarithm.
   */
  double logRatioError(int i) {
    double apart = teacher.relativeError(i) + student.relativeError(i);
    double error = isExact() ? Math.min(U * 4 * Math.abs(rawRatio(i)) + nearShift + pairError(i), apart) : apart;
    return Double.isFinite(error) ? error : 0;
  }

  /** Absolute error of {@code q - p}. */
  double differenceError(int i) {
    return differenceError(i, isNear());
  }

  /** Returns the absolute error of {@code q - p}; {@code near} says whether the row is near. */
  double differenceError(int i, boolean near) {
    double p = teacher.p(i);
    return near && Math.abs(logRatio(i)) < 0.7
        ? p * logRatioError(i) + Math.abs(student.p(i) - p) * teacher.relativeError(i)
        : teacher.error(i) + student.error(i);
  }

  /** {@code a log(a/b) - a + b}. */
  static double klTerm(double a, double b, double logRatio) {
    if (a == 0) {
      return b;
    }
    if (Math.abs(logRatio) < 1e-3) {
      return a * logRatio * logRatio * (0.5 - logRatio / 6);
    }
    return a * logRatio - a + b;
  }
}
