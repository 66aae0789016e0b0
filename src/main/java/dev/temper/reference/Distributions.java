package dev.temper.reference;

import java.util.Arrays;

/**
 * Holds teacher {@code p} and student {@code q} of one row with {@code d = log p - log q}. The difference {@code d}
 * keeps its digits however close both are, and is exactly 0 if their logits are equal.
 */
final class Distributions {

  /**
   * The difference {@code log p - log q} is computed with expm1 and log1p up to this bound. The plain difference of
   * logarithms is accurate beyond it.
   */
  private static final double CLOSE = 0.5;

  final int classes;

  /**
   * The values of {@code d}: +inf if only the student lacks the class, -inf if only the teacher lacks it, 0 if both do.
   */
  final double[] logRatio;

  private final Softmax teacher;
  private final Softmax student;

  Distributions(int classes) {
    this.classes = classes;
    this.teacher = new Softmax(classes);
    this.student = new Softmax(classes);
    this.logRatio = new double[classes];
  }

  /**
   * Computes the distributions of a row.
   *
   * @return whether both rows have a softmax; the loss of the row is NaN otherwise
   */
  boolean set(double[] z, double temperature, double[] u, double teacherTemperature) {
    boolean valid = student.set(z, temperature) && teacher.set(u, teacherTemperature);
    if (!valid) {
      Arrays.fill(logRatio, Double.NaN);
      return false;
    }
    for (int i = 0; i < classes; i++) {
      logRatio[i] = shiftedDifference(z[i], temperature, u[i], teacherTemperature);
    }
    double logSumExpRatio = logSumExpRatio();
    for (int i = 0; i < classes; i++) {
      boolean absent = z[i] == Double.NEGATIVE_INFINITY && u[i] == Double.NEGATIVE_INFINITY;
      logRatio[i] = absent ? 0 : logRatio[i] - logSumExpRatio;
    }
    return true;
  }

  double p(int i) {
    return teacher.probability[i];
  }

  double q(int i) {
    return student.probability[i];
  }

  /** Returns {@code q - p}, computed as {@code p (e^-d - 1)} if both are close. */
  double difference(int i) {
    double d = logRatio[i];
    return Math.abs(d) <= CLOSE ? p(i) * StrictMath.expm1(-d) : q(i) - p(i);
  }

  /** Returns {@code m = q + share (p - q)}. */
  double mixture(int i, double share) {
    return q(i) - share * difference(i);
  }

  /**
   * Returns {@code d0 = t - s}, where {@code t} and {@code s} are relative to their maxima. Equal temperatures allow
   * the subtraction before the division, which is exact for f32 logits of similar size.
   */
  private double shiftedDifference(double z, double temperature, double u, double teacherTemperature) {
    if (z == Double.NEGATIVE_INFINITY || u == Double.NEGATIVE_INFINITY) {
      return z == u ? 0 : u - z;
    }
    return temperature == teacherTemperature
        ? ((u - teacher.max) - (z - student.max)) / temperature
        : (u - teacher.max) / teacherTemperature - (z - student.max) / temperature;
  }

  /**
   * Returns {@code log(sum e^t / sum e^s) = -log1p(r)} with {@code r = sum p (e^-d0 - 1)}. Each class adds to {@code r}
   * without cancellation, so a large difference at a tiny probability still changes all other classes.
   */
  private double logSumExpRatio() {
    double sumExpRatio = StrictMath.exp(student.logSum - teacher.logSum);
    double r = 0;
    for (int i = 0; i < classes; i++) {
      double d0 = logRatio[i];
      r += Math.abs(d0) <= CLOSE ? p(i) * StrictMath.expm1(-d0) : q(i) * sumExpRatio - p(i);
    }
    return Math.abs(r) <= CLOSE ? -StrictMath.log1p(r) : teacher.logSum - student.logSum;
  }
}
