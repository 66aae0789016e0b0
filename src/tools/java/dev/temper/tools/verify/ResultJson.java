package dev.temper.tools.verify;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.temper.diagnostics.DeviceFacts;
import dev.temper.tools.verify.CaseResult.Outcome;
import java.io.IOException;

/** The outcome as one JSON object. */
public final class ResultJson {

  private ResultJson() {}

  /**
   * Writes the object.
   *
   * @param commit revision of the sources that were verified
   */
  public static void write(Verification verification, String commit, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("device", verification.device());
    json.writeStringField("description", verification.description());
    json.writeStringField("commit", commit);
    if (verification.facts().isPresent()) {
      facts(verification.facts().get(), json);
    }
    json.writeNumberField("seed", verification.seed());
    json.writeNumberField("milliseconds", verification.milliseconds());
    json.writeBooleanField("holds", verification.holds());
    counts(verification.count(Outcome.PASSED), verification.count(Outcome.FAILED), verification.count(Outcome.REFUSED), json);
    json.writeArrayFieldStart("groups");
    for (GroupResult group : verification.groups()) {
      group(group, json);
    }
    json.writeEndArray();
    json.writeObjectFieldStart("formulas");
    for (Formula formula : Formula.values()) {
      json.writeStringField(formula.symbol(), formula.text());
    }
    json.writeEndObject();
    cases("failures", Outcome.FAILED, verification, json);
    cases("refusals", Outcome.REFUSED, verification, json);
    json.writeEndObject();
  }

  private static void facts(DeviceFacts facts, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("facts");
    json.writeStringField("name", facts.name());
    json.writeStringField("capability", facts.capability());
    json.writeNumberField("multiprocessors", facts.multiprocessors());
    json.writeNumberField("memoryBytes", facts.memoryBytes());
    json.writeNumberField("cacheBytes", facts.cacheBytes());
    json.writeStringField("clusters", facts.clusters());
    json.writeStringField("driver", facts.driver());
    json.writeStringField("compiler", facts.compiler());
    json.writeEndObject();
  }

  private static void group(GroupResult result, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("group", result.group().id());
    json.writeStringField("covers", result.group().covers());
    json.writeStringField("bound", result.group().bound());
    counts(result.count(Outcome.PASSED), result.count(Outcome.FAILED), result.count(Outcome.REFUSED), json);
    json.writeNumberField("compared", result.cases().stream().mapToLong(CaseResult::compared).sum());
    Comparison.Worst worst = result.worst();
    if (worst != null) {
      json.writeNumberField("worstError", worst.error());
      json.writeNumberField("itsBound", worst.bound());
      json.writeNumberField("share", worst.share());
    }
    json.writeEndObject();
  }

  private static void counts(long passed, long failed, long refused, JsonGenerator json) throws IOException {
    json.writeNumberField("passed", passed);
    json.writeNumberField("failed", failed);
    json.writeNumberField("refused", refused);
  }

  private static void cases(String name, Outcome outcome, Verification verification, JsonGenerator json) throws IOException {
    json.writeArrayFieldStart(name);
    for (CaseResult c : verification.cases(outcome)) {
      json.writeStartObject();
      json.writeStringField("case", c.name());
      json.writeNumberField("mismatches", c.mismatches());
      json.writeArrayFieldStart("notes");
      for (String note : c.notes()) {
        json.writeString(note);
      }
      json.writeEndArray();
      json.writeStringField("command", c.command());
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
