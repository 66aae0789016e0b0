package dev.temper.tools.cli;

import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.LossTotals;
import dev.temper.Reduction;
import dev.temper.tools.files.PlainNumber;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Prints the totals of one batch and the loss that was computed, as text or as JSON.
 *
 * @param denominator the divisor that the caller gave, or null
 * @param milliseconds time of the call, which is the first of the engine
 */
record LossReport(
    LossTotals totals,
    DistillationLoss loss,
    @Nullable Double denominator,
    double gradientScale,
    LossEngine engine,
    double milliseconds) {

  void print(OutputOptions results) {
    if (results.json) {
      LossDocument.Loss computed = LossDocument.Loss.of(loss, denominator, gradientScale);
      results.print(LossDocument.of(totals, loss.reduction(), engine.device(), milliseconds, computed));
    } else {
      text(results.out());
    }
  }

  private void text(PrintWriter out) {
    if (loss.reduction() != Reduction.NONE) {
      out.printf(Locale.ROOT, "loss  %.9g  (%s)%n", totals.total(), loss.reduction().label());
      out.printf(Locale.ROOT, "soft  %.9g  (%s at T = %s, weight %s)%n", totals.soft(), loss.divergence().label(),
          PlainNumber.of(loss.temperature()), PlainNumber.of(loss.softWeight()));
      out.printf(Locale.ROOT, "hard  %.9g  (cross-entropy, weight %s)%n", totals.hard(),
          PlainNumber.of(loss.hardWeight()));
    }
    out.printf(Locale.ROOT, "rows  %d, counted %d, non-finite %d%n",
        totals.rows(), totals.countedRows(), totals.nonFiniteRows());
    out.printf(Locale.ROOT, "time  %.3f ms, the first call of this process; %s%n", milliseconds, engine.describe());
    out.flush();
  }
}
