package dev.temper.tools.verify;

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
    double[] expected = new double[found.length];
    ReferenceRow reference = new ReferenceRow(c.loss(), classes);
    for (int row = 0; row < c.layout().rows(); row++) {
      double[] z = Arrays.copyOfRange(data.student(), row * classes, (row + 1) * classes);
      double[] u = Arrays.copyOfRange(data.teacher(), row * classes, (row + 1) * classes);
      int label = (int) Objects.requireNonNull(data.labels())[row];
      for (int i = 0; i < classes; i++) {
        double near = difference(reference, z, u, label, i, STEP, c);
        double far = difference(reference, z, u, label, i, 2 * STEP, c);
        expected[row * classes + i] = (8 * near - far) / (12 * STEP);
      }
    }
    for (int i = 0; i < bounds.length; i++) {
      bounds[i] += 1e-9 * (1 + Math.abs(expected[i]));
    }
    comparison.within("gradient", found, expected, bounds, c.layout().gradient(), classes);
  }

  private static double difference(ReferenceRow reference, double[] z, double[] u, int label, int i, double step,
      Case c) {
    double kept = z[i];
    z[i] = kept + step;
    reference.compute(z, u, label, c.loss().temperature());
    double above = reference.loss();
    z[i] = kept - step;
    reference.compute(z, u, label, c.loss().temperature());
    double below = reference.loss();
    z[i] = kept;
    return above - below;
  }
}
