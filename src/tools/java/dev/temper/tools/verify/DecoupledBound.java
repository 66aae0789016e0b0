package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

import dev.temper.Divergence;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Error bounds of {@code a KL((p_y, 1 - p_y), (q_y, 1 - q_y)) + b KL(p', q')} and of its derivative.
 *
 * <p>The second KL is that of a row without the label's class, with a softmax of its own. The first is that of a row of
 * two classes, whose second logit is the log-sum-exp of the rest with its error. Near equality it must have the
 * relative error of {@code q_y - p_y}, twice, because it is quadratic in it.
 */
final class DecoupledBound {

  static final String VALUE = "dkd: a (far: V of the 2 classes label and rest, the rest's logit with the error of its"
      + " log-sum-exp; near: 2 err(q_y - p_y)/|q_y - p_y| + 12u, relative) + b V of the row without the label";

  private DecoupledBound() {}

  /** Adds the bounds of the gradient, and returns that of the value. */
  static double of(double a, double b, SoftmaxPair pair, int label, double[] gradient) {
    double difference = Math.abs(pair.student().p(label) - pair.teacher().p(label));
    SoftmaxPair rest = rest(pair, label);
    if (rest == null) {
      double between = a * (pair.differenceError(label) + 4 * U * difference);
      Arrays.fill(gradient, between);
      return between; // one class, or one side without another class than the label
    }
    SoftmaxPair two = new SoftmaxPair(labelAgainst(rest.student(), pair.student(), label),
        labelAgainst(rest.teacher(), pair.teacher(), label));
    DivergenceBound between = DivergenceBound.of(Divergence.forwardKl(), two, 0);
    DivergenceBound within = DivergenceBound.of(Divergence.forwardKl(), rest, 0);
    double differenceError = Math.min(pair.differenceError(label), between.gradient(0));
    double relative = difference > 0 ? 2 * differenceError / difference + 12 * U : 0;
    double value = pair.isNear() ? relative * two.kl() : between.value();
    for (int i = 0, j = 0; i < gradient.length; i++) {
      if (i == label) {
        gradient[i] += a * (differenceError + 4 * U * difference);
      } else {
        double share = rest.student().p(j);
        double apart = Math.abs(share - rest.teacher().p(j));
        gradient[i] += a * (differenceError * share + difference * (rest.student().error(j) + 4 * U * share))
            + b * (within.gradient(j) + 4 * U * apart);
        j++;
      }
    }
    return (a > 0 ? a * (value + 2 * U * two.kl()) : 0) + (b > 0 ? b * (within.value() + 2 * U * rest.kl()) : 0);
  }

  private static @Nullable SoftmaxPair rest(SoftmaxPair pair, int label) {
    double[] s = without(pair.student(), label);
    double[] t = without(pair.teacher(), label);
    return Oracle.isValid(s) && Oracle.isValid(t)
        ? new SoftmaxPair(SoftmaxBound.of(s, 1, pair.student().inputError()),
            SoftmaxBound.of(t, 1, pair.teacher().inputError()))
        : null;
  }

  private static double[] without(SoftmaxBound side, int label) {
    double[] x = new double[side.classes() - 1];
    for (int i = 0; i < x.length; i++) {
      x[i] = side.x(i < label ? i : i + 1);
    }
    return x;
  }

  /** The softmax over the label and the rest as one class. */
  private static SoftmaxBound labelAgainst(SoftmaxBound rest, SoftmaxBound side, int label) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < side.classes(); i++) {
      max = i == label ? max : Math.max(max, side.x(i));
    }
    double logRest = max + rest.logSum();
    return SoftmaxBound.of(new double[] {side.x(label), logRest}, 1,
        rest.logSumError() + side.inputError() + 2 * U * Math.abs(logRest));
  }
}
