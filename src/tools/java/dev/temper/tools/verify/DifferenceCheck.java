package dev.temper.tools.verify;

import dev.temper.Divergence;
import dev.temper.LossEngine;
import dev.temper.reference.ReferenceRow;
import java.util.Arrays;
import java.util.Objects;

/** Compares the device's gradient with fourth-order central differences of the f64 value. */
final class DifferenceCheck {

  /** For values of a few nats, the truncation h^4 f^(5)/30 and the cancellation 1e-16/h are both below 1e-10. */
  private static final double STEP = 0x1p-10;

  private DifferenceCheck() {}

  static void run(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    double[] found = Objects.requireNonNull(OracleCheck.observe(engine, c, data, comparison).output());
    double[] bounds = Oracle.of(c, data).gradientBound();
    int classes = c.layout().classes();
    ReferenceRow reference = new ReferenceRow(c.loss(), classes);
    GivenTeacher teacher = GivenTeacher.of(c, data);
    int compared = 0;
    for (int row = 0; row < c.layout().rows(); row++) {
      int from = row * classes;
      double[] z = Arrays.copyOfRange(data.student(), from, from + classes);
      TeacherRow u = teacher.row(row);
      if (hasKink(c, z, u)) {
        continue;
      }
      compared++;
      int label = (int) Objects.requireNonNull(data.labels())[row];
      double[] expected = new double[classes];
      double[] bound = Arrays.copyOfRange(bounds, from, from + classes);
      for (int i = 0; i < classes; i++) {
        double near = difference(reference, z, u, label, i, STEP, c);
        double far = difference(reference, z, u, label, i, 2 * STEP, c);
        expected[i] = (8 * near - far) / (12 * STEP);
        bound[i] += 1e-9 * (1 + Math.abs(expected[i]));
      }
      comparison.within("gradient of row " + row, Arrays.copyOfRange(found, from, from + classes), expected, bound,
          c.layout().gradient(), 1);
    }
    comparison.require(compared > 0, "the value of every row may have a kink within the steps");
  }

  /**
   * Whether the value may have a kink within the steps: total variation and acceptance have one where {@code p_k} is
   * {@code q_k}. A step of one logit moves {@code log q_k} by less than the step over T.
   */
  private static boolean hasKink(Case c, double[] z, TeacherRow teacher) {
    Divergence divergence = c.loss().divergence();
    if (!(divergence instanceof Divergence.TotalVariation || divergence instanceof Divergence.NegativeLogAcceptance)) {
      return false;
    }
    double temperature = c.loss().temperature();
    double ofTeacher = teacher.isAtTemperature() ? 1 : temperature;
    double[] u = teacher.logits();
    double apart = logSumExp(z, temperature) - logSumExp(u, ofTeacher);
    for (int k = 0; k < z.length; k++) {
      if (Math.abs(u[k] / ofTeacher - z[k] / temperature + apart) <= 2 * STEP / temperature) {
        return true;
      }
    }
    return false;
  }

  private static double logSumExp(double[] logits, double temperature) {
    double max = Arrays.stream(logits).max().orElseThrow();
    return max / temperature + Math.log(Arrays.stream(logits).map(x -> Math.exp((x - max) / temperature)).sum());
  }

  private static double difference(ReferenceRow reference, double[] z, TeacherRow u, int label, int i, double step,
      Case c) {
    double kept = z[i];
    z[i] = kept + step;
    u.compute(reference, z, label, c.loss().temperature());
    double above = reference.loss();
    z[i] = kept - step;
    u.compute(reference, z, label, c.loss().temperature());
    double below = reference.loss();
    z[i] = kept;
    return above - below;
  }
}
