package dev.temper.tools.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.LossTotals;
import dev.temper.Reduction;
import dev.temper.tools.files.PlainNumber;
import java.io.IOException;
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
    json.writeObjectFieldStart("loss");
    description(json);
    json.writeEndObject();
    json.writeEndObject();
  }

  /** Every option of the loss; those without a value are null. */
  private void description(JsonGenerator json) throws IOException {
    json.writeStringField("divergence", loss.divergence().label());
    json.writeNumberField("temperature", loss.temperature());
    optional(json, "teacherTemperature", loss.teacherTemperature().isPresent() ? loss.teacherTemperature().getAsDouble() : null);
    json.writeBooleanField("temperatureScaling", loss.temperatureScaling());
    json.writeNumberField("softWeight", loss.softWeight());
    json.writeNumberField("hardWeight", loss.hardWeight());
    json.writeNumberField("labelSmoothing", loss.labelSmoothing());
    optional(json, "softcap", loss.softcap().isPresent() ? loss.softcap().getAsDouble() : null);
    json.writeNumberField("ignoreIndex", loss.ignoreIndex());
    if (loss.numClasses().isPresent()) {
      json.writeNumberField("numClasses", loss.numClasses().getAsInt());
    } else {
      json.writeNullField("numClasses");
    }
    json.writeStringField("reduction", loss.reduction().label());
    optional(json, "denominator", denominator);
    json.writeNumberField("gradientScale", gradientScale);
  }

  private static void optional(JsonGenerator json, String name, @Nullable Double value) throws IOException {
    if (value == null) {
      json.writeNullField(name);
    } else {
      json.writeNumberField(name, value);
    }
  }

  private void number(JsonGenerator json, String name, double value) throws IOException {
    optional(json, name, loss.reduction() == Reduction.NONE ? null : value);
  }

  private void text(PrintWriter out) {
    if (loss.reduction() != Reduction.NONE) {
      out.printf(Locale.ROOT, "loss  %.9g  (%s)%n", totals.total(), loss.reduction().label());
      out.printf(Locale.ROOT, "soft  %.9g  (%s at T = %s, weight %s)%n", totals.soft(), loss.divergence().label(),
          PlainNumber.of(loss.temperature()), PlainNumber.of(loss.softWeight()));
      out.printf(Locale.ROOT, "hard  %.9g  (cross-entropy, weight %s)%n", totals.hard(), PlainNumber.of(loss.hardWeight()));
    }
    out.printf(Locale.ROOT, "rows  %d, counted %d, non-finite %d%n",
        totals.rows(), totals.countedRows(), totals.nonFiniteRows());
    out.printf(Locale.ROOT, "time  %.3f ms, the first call of this process; %s%n", milliseconds, engine.describe());
    out.flush();
  }
}
