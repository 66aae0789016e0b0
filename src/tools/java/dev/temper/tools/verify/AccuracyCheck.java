package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.LossEngine;
import dev.temper.RowOutput;
import java.util.Objects;
import java.util.stream.IntStream;

/** Compares a case with the f64 reference, and keeps the errors of value and gradient apart. */
final class AccuracyCheck {

  private AccuracyCheck() {}

  static void run(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    Observed observed = OracleCheck.observe(engine, c, data, comparison);
    Expected expected = Oracle.of(c, data);
    expected.compare(observed, c.layout(), comparison);
    double[] found = Objects.requireNonNull(observed.output());
    BoundedValues gradient = expected.gradient();
    BoundedValues soft = expected.row(RowOutput.SOFT);
    DType dtype = c.layout().gradient();
    Comparison ofValue = new Comparison();
    ofValue.within("row_soft", Objects.requireNonNull(observed.rowSoft()), soft.values(), soft.bounds(), DType.F32, 1);
    Comparison ofGradient = new Comparison();
    ofGradient.within("gradient", found, gradient.values(), gradient.bounds(), dtype, c.layout().studentColumns());
    comparison.keep(new CaseAccuracy(c.loss().divergence().label(), dtype, ofValue.worst(), ofGradient.worst(),
        ulps(found, gradient.values(), dtype)));
  }

  private static float[] ulps(double[] found, double[] expected, DType dtype) {
    double[] distances = IntStream.range(0, expected.length).filter(i -> Double.isFinite(expected[i]))
        .mapToDouble(i -> Math.abs(found[i] - expected[i]) / Precision.ulp(expected[i], dtype)).toArray();
    float[] narrow = new float[distances.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) distances[i];
    }
    return narrow;
  }
}
