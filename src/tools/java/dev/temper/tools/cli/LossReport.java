package dev.temper.tools.cli;

import dev.temper.DistillationLoss;
import dev.temper.HeadWorkspace;
import dev.temper.IgnoreScope;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossTotals;
import dev.temper.Reduction;
import dev.temper.SoftValue;
import dev.temper.tools.files.PlainNumber;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;

/**
 * Prints the totals of one batch and the loss that was computed, as text or as JSON.
 *
 * @param inputs hold the numbers of the call
 * @param workspace memory of a head; empty for a student given by logits
 * @param milliseconds time of the call, which is the first of the engine
 */
record LossReport(
    LossTotals totals,
    DistillationLoss loss,
    LossInputs inputs,
    LossEngine engine,
    Optional<HeadWorkspace> workspace,
    double milliseconds) {

  void print(OutputOptions results) {
    if (results.json) {
      results.print(LossDocument.of(totals, loss, inputs, engine.device(), workspace, milliseconds));
    } else {
      text(results.out());
    }
  }

  private void text(PrintWriter out) {
    if (loss.reduction() != Reduction.NONE) {
      out.printf(Locale.ROOT, "loss  %.9g  (%s)%n", totals.total(), loss.reduction().label());
      String soft = loss.softValue() == SoftValue.KL ? loss.divergence().label() : "cross-entropy against the teacher";
      out.printf(Locale.ROOT, "soft  %.9g  (%s at T = %s, weight %s)%n", totals.soft(), soft,
          PlainNumber.of(loss.temperature()), PlainNumber.of(loss.softWeight()));
      out.printf(Locale.ROOT, "hard  %.9g  (cross-entropy, weight %s)%n", totals.hard(),
          PlainNumber.of(loss.hardWeight()));
    }
    if (totals.temperatureGradient().isPresent()) {
      out.printf(Locale.ROOT, "dL/dT %.9g%n", totals.temperatureGradient().getAsDouble());
    }
    String labelled = loss.ignoreScope() == IgnoreScope.HARD ? ", with a label " + totals.hardCountedRows() : "";
    out.printf(Locale.ROOT, "rows  %d, counted %d%s, non-finite %d%n",
        totals.rows(), totals.countedRows(), labelled, totals.nonFiniteRows());
    workspace.ifPresent(head -> out.printf(Locale.ROOT, "head  %d chunk%s of %d rows, %.1f of %.0f MiB, by %s%n",
        head.chunks(), head.chunks() == 1 ? "" : "s", head.chunkRows(), mib(head.bytes() + head.accumulatorBytes()),
        mib(head.limit() + head.accumulatorBytes()), head.products()));
    out.printf(Locale.ROOT, "time  %.3f ms, the first call of this process; %s%n", milliseconds, engine.describe());
    out.flush();
  }

  private static double mib(long bytes) {
    return bytes / (double) (1 << 20);
  }
}
