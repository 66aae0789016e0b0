package dev.temper.tools.verify;

import dev.temper.LossEngine;
import org.jspecify.annotations.Nullable;

/** Checks that an invalid value is refused: the message names tensor, first row and value, and no output is written. */
final class RefusalChecks {

  /** Index of the first of two rows with an invalid value. */
  private static final int ROW = 2;

  private RefusalChecks() {}

  static void label(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    for (int bad : new int[] {c.layout().classes(), -1, Integer.MIN_VALUE}) {
      expect(engine, c, new CaseData(data.student(), data.teacher(), spoil(data.labels(), bad), data.weights(),
          data.temperatures()), "labels", Integer.toString(bad), comparison);
    }
  }

  static void weight(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
      expect(engine, c, new CaseData(data.student(), data.teacher(), data.labels(), spoil(data.weights(), bad),
          data.temperatures()), "row_weights", Double.toString(bad), comparison);
    }
  }

  static void temperature(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    for (double bad : new double[] {0, -2, 1e-7, 2e6, Double.NaN, Double.POSITIVE_INFINITY}) {
      expect(engine, c, new CaseData(data.student(), data.teacher(), data.labels(), data.weights(),
          spoil(data.temperatures(), bad)), "row_temperatures", Double.toString(bad), comparison);
    }
  }

  private static void expect(LossEngine engine, Case c, CaseData data, String tensor, String value,
      Comparison comparison) {
    try (DeviceRun run = new DeviceRun(c, data)) {
      String message = refusal(engine, run);
      if (message == null) {
        comparison.require(false, tensor + ": " + value + " was accepted");
        return;
      }
      boolean named = message.contains(tensor) && message.contains("row " + ROW) && message.contains(value);
      comparison.require(named,
          "expected a message that names " + tensor + ", row " + ROW + " and " + value + ", found: " + message);
      for (String touched : run.touched()) {
        comparison.require(false, touched + " before " + tensor + " " + value + " was refused");
      }
    }
  }

  private static @Nullable String refusal(LossEngine engine, DeviceRun run) {
    try {
      run.on(engine);
      return null;
    } catch (IllegalArgumentException e) {
      return e.getMessage();
    }
  }

  private static double[] spoil(double @Nullable [] values, double bad) {
    if (values == null) {
      throw new IllegalStateException("the case has no such vector");
    }
    double[] spoiled = values.clone();
    spoiled[ROW] = bad;
    spoiled[ROW + 1] = bad;
    return spoiled;
  }
}
