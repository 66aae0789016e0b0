package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

import java.util.Arrays;

/**
 * Error bounds of the logits that an engine prepares for a teacher of another kind, in f32 arithmetic. Logits that an
 * index or a map selects, and log-probabilities, have no error.
 */
final class TeacherBound {

  static final String FORMULA = "logits of the teacher are off by e: probabilities u (1 + 2 max |log p|), mixture"
      + " u (16 + 3 log2 C + 6 max |log p_m|) + 2 (softcap, standardisation)/T; unmapped mass: sum eps(p) p + 4u";

  private TeacherBound() {}

  /** Returns the rounding of a softcap, 4 u relative to the cap, or 0 for an infinite cap. */
  static double ofCap(double cap) {
    return Double.isInfinite(cap) ? 0 : 4 * U * cap;
  }

  /** Returns the error of logarithms: one ulp, and the rounding of the result. */
  static double ofLogarithm(double[] logs) {
    return U * (1 + 2 * largest(logs));
  }

  /**
   * Returns the error of the logarithm of a mixed probability. The error comes from a product, a sum of C exponentials
   * and its logarithm, and from the share in the sum of up to eight probabilities.
   */
  static double ofMixed(double[] logs, double ofInput) {
    double steps = Math.log(logs.length) / Math.log(2);
    return U * (16 + 3 * steps + 6 * largest(logs)) + 2 * ofInput;
  }

  /** Returns the mass outside some columns, and its error bound. */
  static double[] unmapped(double[] logits, boolean[] taken, double temperature, double ofInput) {
    SoftmaxBound softmax = SoftmaxBound.of(logits, temperature, ofInput);
    double mass = 0;
    double error = 4 * U;
    for (int i = 0; i < logits.length; i++) {
      mass += taken[i] ? 0 : softmax.p(i);
      error += taken[i] ? 0 : softmax.error(i);
    }
    return new double[] {mass, error};
  }

  private static double largest(double[] logs) {
    return Arrays.stream(logs).filter(Double::isFinite).map(Math::abs).max().orElse(0);
  }
}
