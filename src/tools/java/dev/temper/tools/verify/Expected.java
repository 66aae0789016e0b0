package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.LossTotals;
import dev.temper.RowOutput;
import java.util.Map;
import java.util.Objects;

/**
 * The expected results of a loss, each number with its error bound.
 *
 * @param totals rows, counts, and reduced parts; the temperature gradient if the case has one
 * @param softBound error bound of the soft part
 * @param hardBound error bound of the hard part
 * @param temperatureBound error bound of the temperature gradient
 * @param rows every row output, [rows] each
 * @param gradient [rows, student columns]
 */
record Expected(
    LossTotals totals,
    double softBound,
    double hardBound,
    double temperatureBound,
    Map<RowOutput, BoundedValues> rows,
    BoundedValues gradient) {

  /** Compares the results of a device. */
  void compare(Observed observed, Layout layout, Comparison comparison) {
    LossTotals found = observed.totals();
    if (found != null) {
      comparison.sameCount("rows", found.rows(), totals.rows());
      comparison.sameCount("countedRows", found.countedRows(), totals.countedRows());
      comparison.sameCount("hardCountedRows", found.hardCountedRows(), totals.hardCountedRows());
      comparison.sameCount("nonFiniteRows", found.nonFiniteRows(), totals.nonFiniteRows());
      comparison.within("soft", found.soft(), totals.soft(), softBound);
      comparison.within("hard", found.hard(), totals.hard(), hardBound);
      comparison.within("total", found.total(), totals.total(), softBound + hardBound);
      if (totals.temperatureGradient().isPresent()) {
        comparison.within("dL/dT", found.temperatureGradient().orElse(Double.NaN),
            totals.temperatureGradient().getAsDouble(), temperatureBound);
      }
    }
    observed.rows().forEach((output, values) -> {
      BoundedValues expected = row(output);
      comparison.within(output.tensor(), values, expected.values(), expected.bounds(), DType.F32, 1);
    });
    if (observed.output() != null) {
      comparison.within("gradient", observed.output(), gradient.values(), gradient.bounds(), layout.gradient(),
          layout.studentColumns());
    }
  }

  /** The values of an output, before weights and reduction. */
  BoundedValues row(RowOutput output) {
    return Objects.requireNonNull(rows.get(output));
  }

  double[] gradientBound() {
    return gradient.bounds();
  }
}
