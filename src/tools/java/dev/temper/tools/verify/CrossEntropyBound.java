package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

/**
 * Error bounds of one row's cross-entropy and of its gradient {@code r - onehot(y)}, {@code r = softmax(z)}. The
 * shifted logits are rounded once, and the sum of exponentials has their mean error.
 */
final class CrossEntropyBound {

  static final String FORMULA =
      "value: sum r e u + u (log2 C + 1 + 2 |log S| + 2 |z_y - max z|) + smoothing (2 + log2 C) u"
      + " sum |z - max z| / C; gradient: r eps_r + 4u |r_i - y_i|";

  private final SoftmaxBound softmax;
  private final double smoothing;
  private final int label;

  CrossEntropyBound(SoftmaxBound softmax, int label, double smoothing) {
    this.softmax = softmax;
    this.label = label;
    this.smoothing = smoothing;
  }

  /** Absolute error of the row's cross-entropy. */
  double value() {
    double error = softmax.logSumError() + U * (Math.abs(softmax.logSum()) + 2 * finiteX(label));
    if (smoothing > 0) {
      double size = 0;
      for (int i = 0; i < softmax.classes(); i++) {
        size += finiteX(i);
      }
      error += smoothing * (2 + softmax.sumSteps()) * U * size / softmax.classes();
    }
    return error;
  }

  /** Absolute error of the gradient at a class. */
  double gradient(int i) {
    double target = i == label ? 1 - smoothing : 0;
    return softmax.error(i) + 4 * U * (Math.abs(softmax.p(i) - target) + smoothing / softmax.classes());
  }

  private double finiteX(int i) {
    return softmax.x(i) > Double.NEGATIVE_INFINITY ? -softmax.x(i) : 0;
  }
}
