package dev.temper.tools.verify;

import dev.temper.reference.ReferenceRow;
import dev.temper.tools.verify.HeadData.Factors;
import java.util.Arrays;
import java.util.Objects;

/** Compares the gradients of a head with fourth-order central differences of its total in f64. */
final class HeadDifferences {

  private static final double STEP = 0x1p-10;

  private final HeadCase c;
  private final HeadData data;
  private final ReferenceRow reference;

  private HeadDifferences(HeadCase c, HeadData data) {
    this.c = c;
    this.data = data;
    reference = new ReferenceRow(c.loss().loss(), c.loss().layout().classes());
  }

  static void compare(HeadCase c, HeadData data, HeadRun.Found found, Comparison comparison) {
    HeadDifferences differences = new HeadDifferences(c, data);
    HeadOracle oracle = new HeadOracle(c, data);
    Factors head = data.student();
    differences.compare("gradient_hidden", found.hidden(), head.hidden(), oracle.byHidden(), comparison);
    differences.compare("gradient_weight", found.weight(), head.weight(), oracle.byWeight(), comparison);
    differences.compare("gradient_bias", found.bias(), head.bias(), oracle.byBias(), comparison);
  }

  private void compare(String name, double[] found, double[] by, BoundedValues bounds, Comparison comparison) {
    double[] expected = new double[by.length];
    for (int i = 0; i < by.length; i++) {
      expected[i] = (8 * difference(by, i, STEP) - difference(by, i, 2 * STEP)) / (12 * STEP);
      bounds.bounds()[i] += 1e-9 * (1 + Math.abs(expected[i]));
    }
    comparison.within(name, found, expected, bounds.bounds(), c.gradient(), 1);
  }

  private double difference(double[] by, int i, double step) {
    double kept = by[i];
    by[i] = kept + step;
    double above = total();
    by[i] = kept - step;
    double below = total();
    by[i] = kept;
    return above - below;
  }

  /** The mean of the rows, none of which is ignored. */
  private double total() {
    double[] z = data.student().logits(c.rows());
    double[] labels = Objects.requireNonNull(data.rows().labels());
    double sum = 0;
    for (int row = 0; row < c.rows(); row++) {
      reference.compute(part(z, row), part(data.rows().teacher(), row), (int) labels[row],
          c.loss().loss().temperature());
      sum += reference.loss();
    }
    return sum / c.rows();
  }

  private double[] part(double[] logits, int row) {
    return Arrays.copyOfRange(logits, row * c.columns(), (row + 1) * c.columns());
  }
}
