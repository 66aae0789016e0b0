package dev.temper.reference;

import java.util.Arrays;

/** Computes the forward and the reverse Kullback-Leibler divergence and their mixture. */
final class KullbackLeibler {

  private KullbackLeibler() {}

  /** Computes {@code KL(p, q)} with the gradient {@code q - p}. The gradient stays finite if the value is infinite. */
  static double forward(Distributions row, double[] gradient) {
    double value = 0;
    for (int i = 0; i < row.classes; i++) {
      value += Logarithms.klTerm(row.p(i), row.q(i), row.logRatio[i]);
      gradient[i] = row.difference(i);
    }
    return value;
  }

  /**
   * Computes {@code K = KL(q, p)} with the gradient {@code q ((log q - log p) - K)}. If the teacher lacks a class of
   * the student, the value is +inf and the gradient NaN, because no direction lowers an infinite loss.
   */
  static double reverse(Distributions row, double[] gradient) {
    double value = 0;
    for (int i = 0; i < row.classes; i++) {
      value += Logarithms.klTerm(row.q(i), row.p(i), -row.logRatio[i]);
    }
    if (value == Double.POSITIVE_INFINITY) {
      Arrays.fill(gradient, Double.NaN);
      return value;
    }
    for (int i = 0; i < row.classes; i++) {
      gradient[i] = row.q(i) == 0 ? 0 : row.q(i) * (-row.logRatio[i] - value);
    }
    return value;
  }

  /**
   * Computes {@code lambda KL(p, q) + (1 - lambda) KL(q, p)}. A part of weight 0 is left out, even if it is infinite.
   */
  static double mixed(double lambda, Distributions row, double[] gradient) {
    if (lambda == 1) {
      return forward(row, gradient);
    }
    double reverse = reverse(row, gradient);
    if (lambda == 0) {
      return reverse;
    }
    double forward = 0;
    for (int i = 0; i < row.classes; i++) {
      forward += Logarithms.klTerm(row.p(i), row.q(i), row.logRatio[i]);
      gradient[i] = lambda * row.difference(i) + (1 - lambda) * gradient[i];
    }
    return lambda * forward + (1 - lambda) * reverse;
  }
}
