package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

/**
 * Error bounds of {@code -log A}, {@code A = sum min(p, q)}, and of its derivative, {@code q S/A} where {@code q > p}
 * and {@code -q U/A} elsewhere.
 *
 * <p>A sum of {@code min(p, q)} has the weighted mean of the relative errors of its terms, and {@code 2 + log2 C}
 * roundings. A row is near if {@code -log A}, which is linear in {@code q - p}, is below the limit of a KL. In a near
 * row {@code A = 1 - TV}, so that the error is that of the total variation over {@code A}. Classes whose {@code log p -
 * log q} is within its own error of 0 may count to either side.
 */
final class AcceptanceBound {

  static final String VALUE = "negative log-acceptance, far: sum w max(eps_p, eps_q) + (3 + log2 C + |log A|) u,"
      + " w = min(p, q)/A; near (-log A < 0.03): TV's bound / A";

  private AcceptanceBound() {}

  /** Adds the bounds of the gradient, and returns that of the value. */
  static double of(SoftmaxPair pair, double[] gradient) {
    int classes = pair.classes();
    SoftmaxBound student = pair.student();
    SoftmaxBound teacher = pair.teacher();
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < classes; i++) {
      largest = Math.max(largest, Math.min(student.logP(i), teacher.logP(i)));
    }
    if (largest == Double.NEGATIVE_INFINITY) {
      return 0; // infinite, with the gradient 0
    }
    double steps = student.sumSteps();
    double logAcceptance = logAcceptance(pair, largest);
    double acceptance = Math.exp(logAcceptance - largest); // relative to the largest term
    boolean near = pair.isNear(-logAcceptance);
    double weighted = 0;
    double distance = 0;
    double kept = 0; // the sum of q below p, and its error, relative to the largest term
    double keptError = 0;
    double excess = 0; // the sum of q above p, and its error
    double excessError = 0;
    double undecided = 0; // relative to the largest term
    for (int i = 0; i < classes; i++) {
      double q = student.p(i);
      double term = Math.exp(Math.min(student.logP(i), teacher.logP(i)) - largest);
      weighted += term * Math.max(error(student, i), error(teacher, i));
      distance += 0.5 * (pair.differenceError(i, near) + (3 + steps) * U * Math.abs(q - teacher.p(i)));
      boolean isAbove = pair.logRatio(i) < 0;
      excess += isAbove ? q : 0;
      excessError += isAbove ? student.error(i) : 0;
      kept += isAbove ? 0 : term;
      keptError += isAbove ? 0 : term * error(student, i);
      undecided += isUndecided(pair, i, near) ? term : 0;
    }
    double relative = weighted / acceptance + (2 + steps) * U;
    double value = near ? distance / Math.exp(logAcceptance) + 4 * U * Math.abs(logAcceptance)
        : relative + U * (1 + 2 * Math.abs(logAcceptance));
    for (int i = 0; i < classes; i++) {
      boolean isAbove = pair.logRatio(i) < 0;
      double q = student.p(i);
      double toKept = q / acceptance; // q/A times the largest term
      double toExcess = Math.exp(Math.min(student.logP(i), teacher.logP(i)) - logAcceptance); // q/A where q <= p
      double size = isAbove ? toKept * kept : toExcess * excess;
      double sideError = isAbove ? toKept * keptError : toExcess * excessError;
      gradient[i] += size * (student.relativeError(i) + relative + (7 + steps) * U) + sideError + toKept * undecided;
      gradient[i] += isUndecided(pair, i, near) ? toKept * kept + toExcess * excess : 0;
    }
    return value;
  }

  /** {@code log A}, from the largest logarithm of a term. */
  private static double logAcceptance(SoftmaxPair pair, double largest) {
    double sum = 0;
    for (int i = 0; i < pair.classes(); i++) {
      sum += Math.exp(Math.min(pair.student().logP(i), pair.teacher().logP(i)) - largest);
    }
    return largest + Math.log(sum);
  }

  private static boolean isUndecided(SoftmaxPair pair, int i, boolean near) {
    double error = near ? pair.logRatioError(i)
        : pair.student().logError(i) + pair.teacher().logError(i);
    return pair.student().p(i) > 0 && Math.abs(pair.logRatio(i)) < error;
  }

  /**
   * Relative error of a probability, or absolute error of its logarithm where it may count as 0 beside a larger one.
   */
  private static double error(SoftmaxBound side, int i) {
    return Math.min(side.relativeError(i), side.logError(i));
  }
}
