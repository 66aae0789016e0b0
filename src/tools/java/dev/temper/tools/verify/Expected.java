package dev.temper.tools.verify;

import dev.temper.DType;

/** The expected results of a loss, each number with its error bound. */
final class Expected {

  private final double soft;
  private final double softBound;
  private final double hard;
  private final double hardBound;
  private final long countedRows;
  private final long nonFiniteRows;
  private final boolean[] weightless;
  private final double[] rowSoft;
  private final double[] rowSoftBound;
  private final double[] rowHard;
  private final double[] rowHardBound;
  private final double[] gradient;
  private final double[] gradientBound;

  Expected(
      double soft, double softBound, double hard, double hardBound, long countedRows, long nonFiniteRows,
      boolean[] weightless, double[] rowSoft, double[] rowSoftBound, double[] rowHard, double[] rowHardBound,
      double[] gradient, double[] gradientBound) {
    this.soft = soft;
    this.softBound = softBound;
    this.hard = hard;
    this.hardBound = hardBound;
    this.countedRows = countedRows;
    this.nonFiniteRows = nonFiniteRows;
    this.weightless = weightless;
    this.rowSoft = rowSoft;
    this.rowSoftBound = rowSoftBound;
    this.rowHard = rowHard;
    this.rowHardBound = rowHardBound;
    this.gradient = gradient;
    this.gradientBound = gradientBound;
  }

  double total() {
    return soft + hard;
  }

  /** Compares the results of a device. */
  void compare(Observed observed, Layout layout, Comparison comparison) {
    if (observed.totals() != null) {
      comparison.sameCount("rows", observed.totals().rows(), layout.rows());
      comparison.sameCount("countedRows", observed.totals().countedRows(), countedRows);
      comparison.sameCount("nonFiniteRows", observed.totals().nonFiniteRows(), nonFiniteRows);
      comparison.within("soft", observed.totals().soft(), soft, softBound);
      comparison.within("hard", observed.totals().hard(), hard, hardBound);
      comparison.within("total", observed.totals().total(), total(), softBound + hardBound);
    }
    if (observed.rowSoft() != null && observed.rowHard() != null) {
      comparison.within("row_soft", observed.rowSoft(), orZero(rowSoft, observed.rowSoft()), rowSoftBound, DType.F32,
          1);
      comparison.within("row_hard", observed.rowHard(), orZero(rowHard, observed.rowHard()), rowHardBound, DType.F32,
          1);
    }
    if (observed.output() != null) {
      comparison.within("gradient", observed.output(), gradient, gradientBound, layout.gradient(),
          layout.studentColumns());
    }
  }

  /** Replaces the values of rows of weight 0 by 0 if the device wrote 0. Some engines still write the loss there. */
  private double[] orZero(double[] values, double[] observed) {
    double[] expected = values.clone();
    for (int row = 0; row < expected.length; row++) {
      expected[row] = weightless[row] && observed[row] == 0 ? 0 : expected[row];
    }
    return expected;
  }

  /** Weighted and reduced soft part; NaN without a reduction. */
  double soft() {
    return soft;
  }

  double softBound() {
    return softBound;
  }

  /** Weighted and reduced hard part. */
  double hard() {
    return hard;
  }

  double hardBound() {
    return hardBound;
  }

  long countedRows() {
    return countedRows;
  }

  long nonFiniteRows() {
    return nonFiniteRows;
  }

  /** Soft loss of each row before weights and reduction. */
  double[] rowSoft() {
    return rowSoft;
  }

  double[] rowSoftBound() {
    return rowSoftBound;
  }

  /** Cross-entropy of each row. */
  double[] rowHard() {
    return rowHard;
  }

  double[] rowHardBound() {
    return rowHardBound;
  }

  /** [rows, student columns]. */
  double[] gradient() {
    return gradient;
  }

  double[] gradientBound() {
    return gradientBound;
  }
}
