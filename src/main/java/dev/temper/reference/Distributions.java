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
  private double[] z = {};
  private double[] u = {};
  private double temperature;
  private double teacherTemperature;

  Distributions(int classes) {
    this.classes = classes;
    this.teacher = new Softmax(classes);
    this.student = new Softmax(classes);
    this.logRatio = new double[classes];
  }

  /**
   * Computes the distributions of a row. The logits must not change until the next row.
   *
   * @return whether both rows have a softmax; the loss of the row is NaN otherwise
   */
  boolean set(double[] studentLogits, double studentTemperature, double[] teacherLogits, double ofTeacher) {
    z = studentLogits;
    u = teacherLogits;
    temperature = studentTemperature;
    teacherTemperature = ofTeacher;
    boolean valid = student.set(z, temperature) && teacher.set(u, teacherTemperature);
    if (!valid) {
      Arrays.fill(logRatio, Double.NaN);
      return false;
    }
    for (int i = 0; i < classes; i++) {
      logRatio[i] = shiftedDifference(z[i], u[i]);
    }
    double logSumExpRatio = logSumExpRatio();
    for (int i = 0; i < classes; i++) {
      boolean absent = z[i] == Double.NEGATIVE_INFINITY && u[i] == Double.NEGATIVE_INFINITY;
      logRatio[i] = absent ? 0 : logRatio[i] - logSumExpRatio;
    }
    return true;
  }

  /** Computes the distributions of another row without one of its classes, like {@link #set}. */
  boolean setWithout(int left, Distributions whole) {
    double[] student = whole.z.clone();
    double[] teacher = whole.u.clone();
    student[left] = Double.NEGATIVE_INFINITY;
    teacher[left] = Double.NEGATIVE_INFINITY;
    return set(student, whole.temperature, teacher, whole.teacherTemperature);
  }

  double p(int i) {
    return teacher.probability[i];
  }

  double q(int i) {
    return student.probability[i];
  }

  /** Returns whether the student has the class: its logit is not -inf, even if {@code q} has underflowed to 0. */
  boolean studentHas(int i) {
    return z[i] != Double.NEGATIVE_INFINITY;
  }

  /** Returns whether the teacher has the class. */
  boolean teacherHas(int i) {
    return u[i] != Double.NEGATIVE_INFINITY;
  }

  /** Returns {@code s - max s}, which is -inf if the student lacks the class. */
  double shiftedStudent(int i) {
    return (z[i] - student.max) / temperature;
  }

  /** Returns {@code t - max t}, which is -inf if the teacher lacks the class. */
  double shiftedTeacher(int i) {
    return (u[i] - teacher.max) / teacherTemperature;
  }

  double logQ(int i) {
    return shiftedStudent(i) - student.logSum;
  }

  double logP(int i) {
    return shiftedTeacher(i) - teacher.logSum;
  }

  /** Returns {@code -sum p log p}. */
  double teacherEntropy() {
    return teacher.entropy(u, teacherTemperature);
  }

  /** Returns {@code log(P/Q)} for the masses {@code P} and {@code Q} of another row on the classes of this one. */
  double logMassRatio(Distributions whole) {
    double logMassOfTeacher = (teacher.max - whole.teacher.max) / teacherTemperature
        + (teacher.logSum - whole.teacher.logSum);
    double logMassOfStudent = (student.max - whole.student.max) / temperature
        + (student.logSum - whole.student.logSum);
    return logMassOfTeacher - logMassOfStudent;
  }

  /** Returns {@code q - p}, computed as {@code p (e^-d - 1)} if both are close. */
  double difference(int i) {
    double d = logRatio[i];
    return Math.abs(d) <= CLOSE ? p(i) * StrictMath.expm1(-d) : q(i) - p(i);
  }

  /**
   * Returns {@code m = ofTeacher p + ofStudent q} for weights whose sum is 1. It is exactly {@code q} if {@code p = q}.
   */
  double mixture(int i, double ofTeacher, double ofStudent) {
    return Math.abs(logRatio[i]) <= CLOSE ? q(i) - ofTeacher * difference(i) : ofTeacher * p(i) + ofStudent * q(i);
  }

  /**
   * Returns {@code d0 = t - s}, where {@code t} and {@code s} are relative to their maxima. Equal temperatures allow
   * the subtraction before the division, which is exact for f32 logits of similar size.
   */
  private double shiftedDifference(double ofStudent, double ofTeacher) {
    if (ofStudent == Double.NEGATIVE_INFINITY || ofTeacher == Double.NEGATIVE_INFINITY) {
      return ofStudent == ofTeacher ? 0 : ofTeacher - ofStudent;
    }
    return temperature == teacherTemperature
        ? ((ofTeacher - teacher.max) - (ofStudent - student.max)) / temperature
        : (ofTeacher - teacher.max) / teacherTemperature - (ofStudent - student.max) / temperature;
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
