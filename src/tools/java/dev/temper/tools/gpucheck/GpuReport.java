package dev.temper.tools.gpucheck;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.diagnostics.DeviceFacts;
import dev.temper.tools.files.Json;
import dev.temper.tools.gpucheck.GpuCheckDocument.EndedStep;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** The document of a check in its file. Stages of earlier runs are kept. */
final class GpuReport {

  private final Path file;
  private final CheckEnvironment environment;
  private final String version;
  private final String revision;
  private final Map<Stage, List<EndedStep>> steps = new EnumMap<>(Stage.class);

  /**
   * The document in a file.
   *
   * @param stages stages of this run; their steps in the file are replaced
   * @throws IllegalArgumentException if the file holds the document of another revision or device
   */
  GpuReport(Path file, CheckEnvironment environment, String version, String revision, Collection<Stage> stages)
      throws IOException {
    this.file = file;
    this.environment = environment;
    this.version = version;
    this.revision = revision;
    if (Files.isRegularFile(file)) {
      keep(Json.read(file, GpuCheckDocument.class), stages);
    }
  }

  private void keep(GpuCheckDocument earlier, Collection<Stage> stages) {
    requireSame("commit", earlier.commit(), revision);
    requireSame("device", earlier.device(), environment.device());
    requireSame("quick", earlier.quick(), environment.quick());
    earlier.steps().stream().filter(step -> !stages.contains(step.stage())).forEach(this::put);
  }

  private void requireSame(String field, Object found, Object expected) {
    if (!found.equals(expected)) {
      throw new IllegalArgumentException(file + " is the result of another run: its " + field + " is " + found
          + ", this one's " + expected + "; name another folder with --out");
    }
  }

  /** Adds the result of a step, and writes the file. */
  void add(StepResult result) throws IOException {
    CheckStep step = result.step();
    put(new EndedStep(step.stage(), step.name(), step.shows(), result.outcome(), result.reason(), result.seconds(),
        step.limitSeconds(), environment.shown(step.command()), result.log(), result.document()));
    Json.write(file, document());
  }

  private void put(EndedStep step) {
    steps.computeIfAbsent(step.stage(), _ -> new ArrayList<>()).add(step);
  }

  private GpuCheckDocument document() {
    List<EndedStep> all = steps.values().stream().flatMap(List::stream).toList();
    return new GpuCheckDocument(version, revision, environment.device(), environment.quick(),
        found(all, "facts").map(facts -> Json.convert(facts, DeviceFacts.class)).orElse(null),
        found(all, "copyGigabytesPerSecond").map(JsonNode::asDouble).orElse(null),
        count(all, StepOutcome.PASSED), count(all, StepOutcome.FAILED), count(all, StepOutcome.NOT_RUN),
        Arrays.stream(Stage.values()).filter(stage -> !steps.containsKey(stage)).toList(), all);
  }

  /** Returns a field from the first step whose document has it. */
  private static Optional<JsonNode> found(List<EndedStep> steps, String field) {
    return steps.stream().map(EndedStep::result).filter(Objects::nonNull).map(result -> result.path(field))
        .filter(value -> !value.isMissingNode() && !value.isNull()).findFirst();
  }

  private static long count(List<EndedStep> steps, StepOutcome outcome) {
    return steps.stream().filter(step -> step.outcome() == outcome).count();
  }
}
