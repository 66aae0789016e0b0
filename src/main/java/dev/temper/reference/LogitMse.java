package dev.temper.reference;

/** Mean squared difference of logits; knows neither temperature nor softmax. */
final class LogitMse {

  private LogitMse() {}

  /**
   * {@code mean (z - u)^2} over all classes; gradient by the logits {@code 2 (z - u)/C}. A class that both lack counts as
   * equal; one that one side lacks makes the value +inf and the gradient NaN there.
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
