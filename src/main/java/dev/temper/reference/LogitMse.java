package dev.temper.reference;

/** Computes the mean squared difference of logits, without temperature and softmax. */
final class LogitMse {

  private LogitMse() {}

  /**
   * Computes {@code mean (z - u)^2} over all classes with the gradient {@code 2 (z - u)/C} for the logits.
   *
   * <p>A class that student and teacher lack counts as equal. A class that only one of them lacks makes the value +inf
   * and its gradient NaN.
   */
  static double value(double[] z, double[] u, int classes, double[] gradient) {
    double sum = 0;
    for (int i = 0; i < classes; i++) {
      double difference = z[i] == u[i] ? 0 : z[i] - u[i];
      sum += difference * difference;
      gradient[i] = Double.isInfinite(difference) ? Double.NaN : 2 * difference / classes;
    }
    return sum / classes;
  }
}
