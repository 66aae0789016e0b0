package dev.temper.tools.verify;

import dev.temper.Divergence;
import dev.temper.LossEngine;
import dev.temper.LossTotals;
import java.util.Objects;
import java.util.SplittableRandom;

/** Checks of properties that every loss has. */
final class InvariantChecks {

  /** A shift that is exact on logits that are multiples of 2^-4 below 2^9: the sums need 14 bits. */
  private static final double SHIFT = 512;

  private InvariantChecks() {}

  static void shift(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    double[] student = data.student().clone();
    double[] teacher = data.teacher().clone();
    for (int i = 0; i < student.length; i++) {
      boolean up = i / c.layout().studentColumns() % 2 == 0;
      student[i] += up ? SHIFT : -SHIFT;
      teacher[i] += up ? -SHIFT : SHIFT;
    }
    CaseData shifted = new CaseData(student, teacher, data.labels(), data.weights(), data.temperatures());
    Observed observed = OracleCheck.observe(engine, c, shifted, comparison);
    Oracle.of(c, data).compare(observed, c.layout(), comparison);
  }

  static void permutation(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    int classes = c.layout().classes();
    int[] order = permutation(classes);
    double[] labels = new double[c.layout().rows()];
    for (int row = 0; row < labels.length; row++) {
      labels[row] = order[(int) Objects.requireNonNull(data.labels())[row]];
    }
    CaseData permuted = new CaseData(permute(data.student(), order), permute(data.teacher(), order), labels,
        data.weights(), data.temperatures());
    double[] plain = Objects.requireNonNull(OracleCheck.observe(engine, c, data, comparison).output());
    double[] found = Objects.requireNonNull(OracleCheck.observe(engine, c, permuted, comparison).output());
    double[] bounds = Oracle.of(c, data).gradientBound();
    double[] expected = permute(plain, order);
    double[] permutedBounds = permute(bounds, order);
    for (int i = 0; i < bounds.length; i++) {
      permutedBounds[i] = 2 * permutedBounds[i] + Precision.unit(c.layout().gradient()) * Math.abs(expected[i]);
    }
    comparison.within("gradient", found, expected, permutedBounds, c.layout().gradient(), classes);
  }

  static void split(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    int middle = c.layout().rows() / 3;
    Observed first = part(engine, c, data, 0, middle, comparison);
    Observed second = part(engine, c, data, middle, c.layout().rows(), comparison);
    Expected whole = Oracle.of(c, data);
    comparison.within("soft", total(first).soft() + total(second).soft(), whole.totals().soft(), whole.softBound());
    comparison.within("hard", total(first).hard() + total(second).hard(), whole.totals().hard(), whole.hardBound());
    comparison.sameCount("countedRows", total(first).countedRows() + total(second).countedRows(),
        whole.totals().countedRows());
  }

  static void sum(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    double[] gradient = Objects.requireNonNull(OracleCheck.observe(engine, c, data, comparison).output());
    double[] bounds = Oracle.of(c, data).gradientBound();
    int columns = c.layout().studentColumns();
    for (int row = 0; row < c.layout().rows(); row++) {
      double sum = 0;
      double bound = 0;
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        sum += gradient[i];
        bound += bounds[i] + Precision.unit(c.layout().gradient()) * Math.abs(gradient[i]);
      }
      comparison.within("sum of the gradient of row " + row, sum, 0, bound);
    }
  }

  static void sign(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    double[] values = Objects.requireNonNull(OracleCheck.observe(engine, c, data, comparison).rowSoft());
    boolean bounded = c.loss().divergence() instanceof Divergence.JensenShannon jsd && jsd.beta() == 0.5;
    double temperature = c.loss().temperature();
    double largest = bounded ? (float) (Math.log(2) * temperature * temperature) : Double.POSITIVE_INFINITY;
    for (int row = 0; row < values.length; row++) {
      comparison.require(values[row] >= 0, "row_soft[" + row + "] is " + values[row] + ", expected 0 or more");
      comparison.require(values[row] <= largest * (1 + 4 * Precision.U),
          "row_soft[" + row + "] is " + values[row] + ", expected at most T^2 ln 2");
    }
  }

  private static Observed part(LossEngine engine, Case c, CaseData data, int from, int to, Comparison comparison) {
    return OracleCheck.observe(engine, c.with(c.layout().rows(to - from)), BitChecks.rows(c, data, from, to),
        comparison);
  }

  private static LossTotals total(Observed observed) {
    return Objects.requireNonNull(observed.totals());
  }

  private static int[] permutation(int n) {
    int[] order = new int[n];
    SplittableRandom random = new SplittableRandom(n);
    for (int i = 0; i < n; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  private static double[] permute(double[] matrix, int[] order) {
    double[] permuted = new double[matrix.length];
    for (int i = 0; i < matrix.length; i++) {
      permuted[i - i % order.length + order[i % order.length]] = matrix[i];
    }
    return permuted;
  }
}
