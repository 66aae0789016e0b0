package dev.temper.tools.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.LossTotals;
import dev.temper.Reduction;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;

/** Prints the totals of one batch, as text or as JSON. */
record LossReport(LossTotals totals, DistillationLoss loss, LossEngine engine, double milliseconds) {

  void print(OutputOptions results) {
    if (results.json) {
      results.print(this::json);
    } else {
      text(results.out());
    }
  }

  private void json(JsonGenerator json) throws IOException {
    json.writeStartObject();
    number(json, "total", totals.total());
    number(json, "soft", totals.soft());
    number(json, "hard", totals.hard());
    json.writeNumberField("rows", totals.rows());
    json.writeNumberField("countedRows", totals.countedRows());
    json.writeNumberField("nonFiniteRows", totals.nonFiniteRows());
    json.writeStringField("device", engine.device());
    json.writeNumberField("milliseconds", milliseconds);
    json.writeEndObject();
  }

  private void number(JsonGenerator json, String name, double value) throws IOException {
    if (loss.reduction() == Reduction.NONE) {
      json.writeNullField(name);
    } else {
      json.writeNumberField(name, value);
    }
  }

  private void text(PrintWriter out) {
    if (loss.reduction() != Reduction.NONE) {
      out.printf(Locale.ROOT, "loss  %.9g  (%s)%n", totals.total(), loss.reduction().label());
      out.printf(Locale.ROOT, "soft  %.9g  (%s at T = %s, weight %s)%n", totals.soft(), loss.divergence().label(), loss.temperature(),
          loss.softWeight());
      out.printf(Locale.ROOT, "hard  %.9g  (cross-entropy, weight %s)%n", totals.hard(), loss.hardWeight());
    }
    out.printf(Locale.ROOT, "rows  %d, counted %d, non-finite %d%n", totals.rows(), totals.countedRows(), totals.nonFiniteRows());
    out.printf(Locale.ROOT, "%s, %.3f ms%n", engine.describe(), milliseconds);
    out.flush();
  }
}
