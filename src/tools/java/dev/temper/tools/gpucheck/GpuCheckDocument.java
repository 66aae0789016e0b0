package dev.temper.tools.gpucheck;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.diagnostics.DeviceFacts;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The JSON document of {@code temper gpu-check}. Fields of other versions are ignored.
 *
 * @param version version of Temper
 * @param commit revision of its sources
 * @param device name of the device, as users write it
 * @param quick whether each step ran a few cases only
 * @param facts facts of the device; null if no step has found them
 * @param copyGigabytesPerSecond copy rate of the device's memory; null if no step has measured it
 * @param passed number of steps that passed
 * @param failed number of steps that failed
 * @param notRun number of steps that could not run
 * @param stagesNotRun stages without a step so far
 * @param steps the steps of all stages, in their order
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record GpuCheckDocument(
    String version,
    String commit,
    String device,
    boolean quick,
    @Nullable DeviceFacts facts,
    @Nullable Double copyGigabytesPerSecond,
    long passed,
    long failed,
    long notRun,
    List<Stage> stagesNotRun,
    List<EndedStep> steps) {

  /** Requires the fields that distinguish runs; the lists may be missing. */
  GpuCheckDocument {
    Objects.requireNonNull(commit, "commit is missing");
    Objects.requireNonNull(device, "device is missing");
    stagesNotRun = Objects.requireNonNullElse(stagesNotRun, List.of());
    steps = Objects.requireNonNullElse(steps, List.of());
  }

  /**
   * A step that has ended.
   *
   * @param stage the stage that it belongs to
   * @param step unique name
   * @param shows what the step shows, in a few words
   * @param outcome whether it passed
   * @param reason why it failed or did not run; empty if it passed
   * @param seconds wall time
   * @param limitSeconds time after which the process is ended
   * @param command the command, as a user types it
   * @param log last lines of the log
   * @param result JSON document of the command; null if there is none
   */
  @JsonIgnoreProperties(ignoreUnknown = true)
  record EndedStep(
      Stage stage,
      String step,
      String shows,
      StepOutcome outcome,
      String reason,
      double seconds,
      int limitSeconds,
      String command,
      String log,
      @Nullable JsonNode result) {}
}
