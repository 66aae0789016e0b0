package dev.temper.reference;

import dev.temper.Divergence;

/**
 * Computes a divergence of two lists of probabilities by its definition. The probabilities of the teacher sum to 1 up
 * to the rounding of their dtype and stay as they are.
 */
final class BucketDivergence {

  private BucketDivergence() {}

  /**
   * Returns {@code D} and writes {@code dD/ds} of each class, where {@code s} is the logit of the student over its
   * temperature.
   *
   * @param logP logarithms of the teacher's probabilities; -inf for a class that it lacks
   * @param logQ logarithms of the student's probabilities; -inf for a class that it lacks
   */
  static double value(Divergence divergence, double[] logP, double[] logQ, PartGradient gradient) {
    return switch (divergence) {
      case Divergence.ForwardKl _ -> forward(logP, logQ, gradient.value);
      case Divergence.ReverseKl _ -> reverse(logP, logQ, gradient);
      case Divergence.JensenShannon(double beta) -> jensenShannon(beta, logP, logQ, gradient.value);
      case Divergence.Mixed _, Divergence.SkewForwardKl _, Divergence.SkewReverseKl _, Divergence.TotalVariation _,
          Divergence.NegativeLogAcceptance _, Divergence.Dkd _, Divergence.LogitMse _ ->
          throw new IllegalArgumentException(divergence.label() + " is not known for lists");
    };
  }

  private static double forward(double[] logP, double[] logQ, double[] gradient) {
    double value = 0;
    for (int i = 0; i < logP.length; i++) {
      value += weighted(logP[i], logQ[i]);
      gradient[i] = StrictMath.exp(logQ[i]) - StrictMath.exp(logP[i]);
    }
    return value;
  }

  private static double reverse(double[] logP, double[] logQ, PartGradient gradient) {
    double value = 0;
    for (int i = 0; i < logP.length; i++) {
      value += weighted(logQ[i], logP[i]);
    }
    if (value == Double.POSITIVE_INFINITY) {
      for (int i = 0; i < logP.length; i++) {
        boolean teacherHas = logP[i] != Double.NEGATIVE_INFINITY;
        gradient.direction[i] = logQ[i] == Double.NEGATIVE_INFINITY ? 0 : teacherHas ? -1 : 1;
      }
      return value;
    }
    for (int i = 0; i < logP.length; i++) {
      double q = StrictMath.exp(logQ[i]);
      gradient.value[i] = q == 0 ? 0 : q * (logQ[i] - logP[i] - value);
    }
    return value;
  }

  private static double jensenShannon(double beta, double[] logP, double[] logQ, double[] gradient) {
    double teacherKl = 0;
    double studentKl = 0;
    for (int i = 0; i < logP.length; i++) {
      double p = StrictMath.exp(logP[i]);
      double q = StrictMath.exp(logQ[i]);
      double d = logP[i] == logQ[i] ? 0 : logP[i] - logQ[i];
      teacherKl += p == 0 ? 0 : p * Logarithms.logOverMixture(d, beta, 1 - beta);
      gradient[i] = q == 0 ? 0 : Logarithms.logOverMixture(-d, 1 - beta, beta);
      studentKl += q * gradient[i];
    }
    for (int i = 0; i < logP.length; i++) {
      gradient[i] = (1 - beta) * StrictMath.exp(logQ[i]) * (gradient[i] - studentKl);
    }
    return beta * teacherKl + (1 - beta) * studentKl;
  }

  /** Returns {@code a (log a - log b)}, which is 0 if {@code a} is absent and +inf if {@code b} alone is. */
  static double weighted(double logA, double logB) {
    if (logA == Double.NEGATIVE_INFINITY) {
      return 0;
    }
    return logB == Double.NEGATIVE_INFINITY ? Double.POSITIVE_INFINITY : StrictMath.exp(logA) * (logA - logB);
  }
}
