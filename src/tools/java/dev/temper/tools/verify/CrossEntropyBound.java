package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

/**
 * Error bounds of one row's cross-entropy with z-loss, and of its gradient {@code r - onehot(y) + 2 w lse(z) r},
 * {@code r = softmax(z)}. The shifted logits are rounded once, and the sum of exponentials has their mean error.
 */
final class CrossEntropyBound {

  static final String FORMULA =
      "value: sum r e u + u (log2 C + 1 + 2 |log S| + 2 |z_y - max z|) + smoothing (2 + log2 C) u"
      + " sum |z - max z| / C; gradient: r eps_r + 4u |r_i - y_i|; z-loss w adds to the value"
      + " w |lse| (2 err lse + 4u |lse|), err lse = sum r e u + u (log2 C + 1 + |log S| + |lse| + |max z|),"
      + " and to the gradient 2 w (|lse| r (eps_r + 5u) + r err lse) + 2u r";

  private final SoftmaxBound softmax;
  private final double smoothing;
  private final double zLoss;
  private final double max;
  private final int label;
  private final int present;

  /** The bounds of a row whose largest logit is {@code max}. */
  CrossEntropyBound(SoftmaxBound softmax, double max, int label, double smoothing, double zLoss) {
    this.softmax = softmax;
    this.max = max;
    this.label = label;
    this.smoothing = smoothing;
    this.zLoss = zLoss;
    int count = 0;
    for (int i = 0; i < softmax.classes(); i++) {
      count += softmax.x(i) > Double.NEGATIVE_INFINITY ? 1 : 0;
    }
    present = count;
  }

  /** Absolute error of {@code z_y - lse(z)}. */
  double logProbability() {
    return softmax.logSumError() + U * (Math.abs(softmax.logSum()) + 2 * finiteX(label)) + 2 * softmax.inputError();
  }

  /** Absolute error of the row's cross-entropy with z-loss. */
  double value() {
    double error = logProbability();
    if (smoothing > 0) {
      double size = 0;
      for (int i = 0; i < softmax.classes(); i++) {
        size += finiteX(i);
      }
      error += smoothing * (2 + softmax.sumSteps()) * U * size / present;
    }
    double lse = Math.abs(logSumExp());
    return error + zLoss * lse * (2 * logSumExpError() + 4 * U * lse);
  }

  /** Absolute error of the gradient at a class. */
  double gradient(int i) {
    double target = i == label ? 1 - smoothing : 0;
    double p = softmax.p(i);
    double ofZLoss = 2 * zLoss * (Math.abs(logSumExp()) * (softmax.error(i) + 5 * U * p) + p * logSumExpError())
        + (zLoss > 0 ? 2 * U * p : 0); // its factor is rounded before the target is subtracted
    return softmax.error(i) + 4 * U * (Math.abs(p - target) + smoothing / present) + ofZLoss;
  }

  private double logSumExp() {
    return max + softmax.logSum();
  }

  private double logSumExpError() {
    return softmax.logSumError() + softmax.inputError() + U * (Math.abs(logSumExp()) + Math.abs(max));
  }

  private double finiteX(int i) {
    return softmax.x(i) > Double.NEGATIVE_INFINITY ? -softmax.x(i) : 0;
  }
}
