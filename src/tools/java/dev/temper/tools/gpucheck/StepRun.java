package dev.temper.tools.gpucheck;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.tools.files.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs steps as processes with a time limit, and keeps their outputs. */
final class StepRun {

  private static final int LOG_LINES = 30;

  private final Path folder;

  /** Keeps the outputs of the step NAME in {@code NAME.out} and {@code NAME.err} of a folder. */
  StepRun(Path folder) {
    this.folder = folder;
  }

  StepResult run(CheckStep step) throws IOException {
    if (!step.notRun().isEmpty()) {
      return StepResult.notRun(step);
    }
    Path err = folder.resolve(step.name() + ".err");
    long start = System.nanoTime();
    String reason = execute(step, err);
    double seconds = (System.nanoTime() - start) * 1e-9;
    // compute-sanitizer writes its findings to a log file of its own.
    List<String> lines = (text(err) + text(folder.resolve(step.name() + ".log"))).lines().toList();
    String log = String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
    Optional<JsonNode> document = Json.object(text(step.document()));
    if (reason.isEmpty() && document.isEmpty()) {
      reason = "it left no JSON document in " + step.document().getFileName();
    }
    if (reason.isEmpty()) {
      reason = step.check().get();
    }
    StepOutcome outcome = reason.isEmpty() ? StepOutcome.PASSED : StepOutcome.FAILED;
    return new StepResult(step, outcome, reason, seconds, log, document.orElse(null));
  }

  /** Runs the process of a step and returns the reason of its failure, or an empty string. */
  private String execute(CheckStep step, Path err) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(step.command())
        .redirectOutput(folder.resolve(step.name() + ".out").toFile()).redirectError(err.toFile());
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
    try {
      process.getOutputStream().close();
      if (!process.waitFor(step.limitSeconds(), TimeUnit.SECONDS)) {
        return "ended after its limit of " + step.limitSeconds() + " s";
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    } finally {
      end(process);
    }
    if (process.exitValue() == 0) {
      return "";
    }
    List<String> lines = text(err).lines().filter(line -> !line.isBlank()).toList();
    return "exit status " + process.exitValue() + (lines.isEmpty() ? "" : ": " + lines.getLast().strip());
  }

  /**
   * Ends the process and all its descendants, because the process that hangs may be a child of a tool. SIGTERM is sent
   * first, so that a shutdown hook can print the current case.
   */
  private static void end(Process process) {
    List<ProcessHandle> all = Stream.concat(Stream.of(process.toHandle()), process.descendants()).toList();
    try {
      all.forEach(ProcessHandle::destroy);
      process.waitFor(2, TimeUnit.SECONDS);
      all.forEach(ProcessHandle::destroyForcibly);
      process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String text(Path file) throws IOException {
    return Files.isRegularFile(file) ? new String(Files.readAllBytes(file), StandardCharsets.UTF_8) : "";
  }
}
