package dev.temper.reference;

/**
 * Computes decoupled distillation: {@code a KL((p_y, 1 - p_y), (q_y, 1 - q_y)) + b KL(p', q')}. The distributions
 * {@code p'} and {@code q'} are the softmax over the rest, which is every class except the label {@code y}.
 */
final class DecoupledKl {

  /** The bound of {@code |log p - log q|} up to which its difference from that of the rest keeps its digits. */
  private static final double CLOSE = 0.5;

  private final double a;
  private final double b;
  private final Distributions rest;

  DecoupledKl(double a, double b, int classes) {
    this.a = a;
    this.b = b;
    rest = new Distributions(classes);
  }

  /**
   * Computes the value. The gradient is {@code a (q_y - p_y)} at the label and {@code -a (q_y - p_y) q'_i + b (q'_i -
   * p'_i)} elsewhere.
   *
   * <p>The second term is 0 if the teacher has no other class than the label. It is +inf with the gradient 0 if the
   * student alone has none.
   */
  double value(Distributions row, int label, double[] gradient) {
    boolean valid = rest.setWithout(label, row);
    double massOfTeacher = 0;
    double massOfStudent = 0;
    boolean teacherHasRest = false;
    boolean studentHasRest = false;
    for (int i = 0; i < row.classes; i++) {
      if (i != label) {
        massOfTeacher += row.p(i);
        massOfStudent += row.q(i);
        teacherHasRest |= row.teacherHas(i);
        studentHasRest |= row.studentHas(i);
      }
    }
    double logMassRatio = valid ? logMassRatio(row, label)
        : teacherHasRest ? Double.POSITIVE_INFINITY : studentHasRest ? Double.NEGATIVE_INFINITY : 0;
    double onLabel = row.difference(label);
    double within = 0;
    for (int i = 0; i < row.classes; i++) {
      double share = valid ? rest.q(i) : massOfStudent > 0 ? row.q(i) / massOfStudent : 0;
      gradient[i] = -a * onLabel * share;
      if (valid && i != label) {
        within += Logarithms.klTerm(rest.p(i), rest.q(i), rest.logRatio[i]);
        gradient[i] += b * rest.difference(i);
      }
    }
    gradient[label] = a * onLabel;
    if (!valid && teacherHasRest) {
      within = Double.POSITIVE_INFINITY;
    }
    double between = Logarithms.klTerm(row.p(label), row.q(label), row.logRatio[label])
        + Logarithms.klTerm(massOfTeacher, massOfStudent, logMassRatio);
    return (a > 0 ? a * between : 0) + (b > 0 ? b * within : 0); // A weight of 0 leaves out an infinite term.
  }

  /**
   * Returns {@code log((1 - p_y)/(1 - q_y))}. It is the difference of {@code log p - log q} over all classes and over
   * the rest, which is the same at each class of the rest.
   */
  private double logMassRatio(Distributions row, int label) {
    int largest = -1;
    for (int i = 0; i < row.classes; i++) {
      boolean inBoth = i != label && row.teacherHas(i) && row.studentHas(i);
      largest = inBoth && (largest < 0 || rest.p(i) > rest.p(largest)) ? i : largest;
    }
    boolean close = largest >= 0 && Math.abs(row.logRatio[largest]) <= CLOSE;
    return close ? row.logRatio[largest] - rest.logRatio[largest] : rest.logMassRatio(row);
  }
}
