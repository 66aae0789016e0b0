package dev.temper.reference;

/**
 * Computes the cross-entropy of a row against a label, with label smoothing and z-loss. The logits are not divided by
 * the temperature.
 */
final class CrossEntropy {

  private final int classes;
  private final double smoothing;
  private final double zLoss;
  private final Softmax student;

  CrossEntropy(int classes, double smoothing, double zLoss) {
    this.classes = classes;
    this.smoothing = smoothing;
    this.zLoss = zLoss;
    this.student = new Softmax(classes);
  }

  /**
   * Computes {@code lse(z) - (1 - e) z_y - (e/C) sum z} over the {@code C} classes whose logit is not -inf. The
   * gradient is {@code r - (1 - e) onehot - e/C}. The z-loss adds {@code w lse(z)^2} with the gradient
   * {@code 2 w lse(z) r}.
   *
   * <p>A label whose logit is -inf gives the loss +inf and a finite gradient.
   *
   * @return the loss, or NaN with a gradient of NaN if the row has no softmax
   */
  double value(double[] z, int label, double[] gradient) {
    boolean valid = student.set(z, 1);
    int present = 0;
    double negativeLogs = 0; // The sum of lse(z) - z_i over the present classes.
    for (int i = 0; i < classes; i++) {
      gradient[i] = student.probability[i];
      if (z[i] != Double.NEGATIVE_INFINITY) {
        present++;
        negativeLogs += student.logSum - (z[i] - student.max);
      }
    }
    if (!valid) {
      return Double.NaN;
    }
    gradient[label] -= 1 - smoothing;
    double value = (1 - smoothing) * (student.logSum - (z[label] - student.max));
    if (smoothing > 0) {
      value += smoothing / present * negativeLogs;
      for (int i = 0; i < classes; i++) {
        gradient[i] -= z[i] == Double.NEGATIVE_INFINITY ? 0 : smoothing / present;
      }
    }
    if (zLoss > 0) {
      double logSumExp = student.max + student.logSum;
      value += zLoss * logSumExp * logSumExp;
      for (int i = 0; i < classes; i++) {
        gradient[i] += 2 * zLoss * logSumExp * student.probability[i];
      }
    }
    return value;
  }

  /** Returns {@code z_y - lse(z)}, or NaN if the row has no softmax. */
  double labelLogProbability(double[] z, int label) {
    return student.set(z, 1) ? z[label] - student.max - student.logSum : Double.NaN;
  }
}
