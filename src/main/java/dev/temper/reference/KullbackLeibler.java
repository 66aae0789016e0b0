package dev.temper.reference;

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
   * the student, the value is +inf and the gradient its limit: +inf at these classes and -inf at the others of the
   * student.
   */
  static double reverse(Distributions row, PartGradient gradient) {
    double value = 0;
    for (int i = 0; i < row.classes; i++) {
      value += Logarithms.klTerm(row.q(i), row.p(i), -row.logRatio[i]);
    }
    if (value == Double.POSITIVE_INFINITY) {
      limit(row, gradient);
      return value;
    }
    for (int i = 0; i < row.classes; i++) {
      gradient.value[i] = row.q(i) == 0 ? 0 : row.q(i) * (-row.logRatio[i] - value);
    }
    return value;
  }

  private static void limit(Distributions row, PartGradient gradient) {
    for (int i = 0; i < row.classes; i++) {
      gradient.direction[i] = !row.studentHas(i) ? 0 : row.teacherHas(i) ? -1 : 1;
    }
  }

  /**
   * Computes {@code lambda KL(p, q) + (1 - lambda) KL(q, p)}. A part of weight 0 is left out, even if it is infinite.
   */
  static double mixed(double lambda, Distributions row, PartGradient gradient) {
    if (lambda == 1) {
      return forward(row, gradient.value);
    }
    double reverse = reverse(row, gradient);
    if (lambda == 0) {
      return reverse;
    }
    double forward = 0;
    for (int i = 0; i < row.classes; i++) {
      forward += Logarithms.klTerm(row.p(i), row.q(i), row.logRatio[i]);
      gradient.value[i] = lambda * row.difference(i) + (1 - lambda) * gradient.value[i];
    }
    return lambda * forward + (1 - lambda) * reverse;
  }
}
