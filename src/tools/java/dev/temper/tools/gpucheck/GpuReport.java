package dev.temper.tools.gpucheck;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.temper.tools.files.Json;
import dev.temper.tools.gpucheck.StepResult.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The one document: what ran where, and what came of every step; stages of earlier runs into the same file stay in it. */
final class GpuReport {

  private final Path file;
  private final Setting setting;
  private final String version;
  private final String revision;
  private final Map<Stage, List<String>> steps = new EnumMap<>(Stage.class);

  /**
   * The document in a file.
   *
   * @param stages those that run now: what the file holds of them is replaced
   * @throws IllegalArgumentException if the file is about another revision or device
   */
  GpuReport(Path file, Setting setting, String version, String revision, Collection<Stage> stages) throws IOException {
    this.file = file;
    this.setting = setting;
    this.version = version;
    this.revision = revision;
    if (Files.isRegularFile(file)) {
      keep(Files.readString(file), stages);
    }
  }

  private void keep(String earlier, Collection<Stage> stages) {
    requireSame(earlier, "commit", revision);
    requireSame(earlier, "device", setting.device());
    requireSame(earlier, "quick", Boolean.toString(setting.quick()));
    for (String step : JsonText.elements(earlier, "steps")) {
      for (Stage stage : Stage.values()) {
        if (!stages.contains(stage) && JsonText.first(step, "stage").orElse("").equals("\"" + stage.id() + "\"")) {
          steps.computeIfAbsent(stage, _ -> new ArrayList<>()).add(step);
        }
      }
    }
  }

  private void requireSame(String earlier, String field, String expected) {
    String found = JsonText.isObject(earlier) ? JsonText.first(earlier, field).orElse("missing").replace("\"", "") : "missing";
    if (!found.equals(expected)) {
      throw new IllegalArgumentException(file + " is the result of another run: its " + field + " is " + found + ", this one's " + expected
          + "; name another folder with --out");
    }
  }

  /** Adds what came of a step, and writes the file. */
  void add(StepResult result) throws IOException {
    steps.computeIfAbsent(result.step().stage(), _ -> new ArrayList<>()).add(Json.text(json -> write(result, json)));
    Json.write(file, this::write);
  }

  /** Writes the document. */
  void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("version", version);
    json.writeStringField("commit", revision);
    json.writeStringField("device", setting.device());
    json.writeBooleanField("quick", setting.quick());
    writeFound(json, "facts");
    writeFound(json, "copyGigabytesPerSecond");
    for (Outcome outcome : Outcome.values()) {
      json.writeNumberField(id(outcome), steps.values().stream().flatMap(List::stream).filter(step -> is(step, outcome)).count());
    }
    json.writeArrayFieldStart("stagesNotRun");
    for (Stage stage : Stage.values()) {
      if (!steps.containsKey(stage)) {
        json.writeString(stage.id());
      }
    }
    json.writeEndArray();
    json.writeArrayFieldStart("steps");
    for (List<String> ofStage : steps.values()) {
      for (String step : ofStage) {
        json.writeRawValue(step.strip());
      }
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  /** What some step's document tells; null where none does. */
  private void writeFound(JsonGenerator json, String field) throws IOException {
    Optional<String> found = steps.values().stream().flatMap(List::stream).flatMap(step -> JsonText.first(step, field).stream()).findFirst();
    json.writeFieldName(field);
    json.writeRawValue(found.orElse("null"));
  }

  private void write(StepResult result, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("stage", result.step().stage().id());
    json.writeStringField("step", result.step().name());
    json.writeStringField("shows", result.step().shows());
    json.writeStringField("outcome", id(result.outcome()));
    json.writeStringField("reason", result.reason());
    json.writeNumberField("seconds", result.seconds());
    json.writeNumberField("limitSeconds", result.step().limitSeconds());
    json.writeStringField("command", setting.shown(result.step().command()));
    json.writeStringField("log", result.log());
    json.writeFieldName("result");
    json.writeRawValue(result.document().isEmpty() ? "null" : result.document());
    json.writeEndObject();
  }

  private static boolean is(String step, Outcome outcome) {
    return JsonText.first(step, "outcome").orElse("").equals("\"" + id(outcome) + "\"");
  }

  private static String id(Outcome outcome) {
    return switch (outcome) {
      case PASSED -> "passed";
      case FAILED -> "failed";
      case NOT_RUN -> "notRun";
    };
  }
}
