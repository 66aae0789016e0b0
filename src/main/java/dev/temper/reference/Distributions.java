package dev.temper.reference;

import java.util.Arrays;

/**
 * Teacher {@code p} and student {@code q} of one row with {@code d = log p - log q}, which keeps its digits however close the
 * two are: {@code d} is exactly 0 everywhere where their logits are equal.
 */
final class Distributions {

  /** Up to here {@code log p - log q} is found from expm1 and log1p; beyond, differences of logarithms lose nothing. */
  private static final double CLOSE = 0.5;

  final int classes;

  /** {@code d}; +inf where only the student lacks the class, -inf where only the teacher does, 0 where both do. */
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
   * Takes in a row.
   *
   * @return whether both have a softmax; if not, the loss of the row is NaN
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
    double normaliser = normaliser();
    for (int i = 0; i < classes; i++) {
      boolean absent = z[i] == Double.NEGATIVE_INFINITY && u[i] == Double.NEGATIVE_INFINITY;
      logRatio[i] = absent ? 0 : logRatio[i] - normaliser;
    }
    return true;
  }

  double p(int i) {
    return teacher.probability[i];
  }

  double q(int i) {
    return student.probability[i];
  }

  /** {@code q - p}, as {@code p (e^-d - 1)} where they are close. */
  double difference(int i) {
    double d = logRatio[i];
    return Math.abs(d) <= CLOSE ? p(i) * StrictMath.expm1(-d) : q(i) - p(i);
  }

  /** {@code m = q + share (p - q)}. */
  double mixture(int i, double share) {
    return q(i) - share * difference(i);
  }

  /**
   * {@code d0 = t - s}, both relative to their maxima. At one temperature the logits are subtracted before they are divided,
   * which is exact for f32 logits of similar size.
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
   * {@code log(sum e^t / sum e^s) = -log1p(r)}, {@code r = sum p (e^-d0 - 1)}: what a class adds to {@code r} is found without
   * cancellation, so that a class that differs much and has next to no probability shows in all the others.
   */
  private double normaliser() {
    double sums = StrictMath.exp(student.logSum - teacher.logSum);
    double r = 0;
    for (int i = 0; i < classes; i++) {
      double d0 = logRatio[i];
      r += Math.abs(d0) <= CLOSE ? p(i) * StrictMath.expm1(-d0) : q(i) * sums - p(i);
    }
    return Math.abs(r) <= CLOSE ? -StrictMath.log1p(r) : teacher.logSum - student.logSum;
  }
}
