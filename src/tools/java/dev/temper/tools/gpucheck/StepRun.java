package dev.temper.tools.gpucheck;

import dev.temper.tools.gpucheck.StepResult.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs steps as processes that end in time, and keeps what they print. */
final class StepRun {

  private static final int LOG_LINES = 30;

  private final Path folder;

  /** With a folder for what steps print: {@code NAME.out} and {@code NAME.err}. */
  StepRun(Path folder) {
    this.folder = folder;
  }

  StepResult run(Step step) throws IOException {
    if (!step.notRun().isEmpty()) {
      return StepResult.notRun(step);
    }
    Path err = folder.resolve(step.name() + ".err");
    long start = System.nanoTime();
    String reason = execute(step, err);
    double seconds = (System.nanoTime() - start) * 1e-9;
    // Tools that watch a process have a log of their own.
    List<String> lines = (text(err) + text(folder.resolve(step.name() + ".log"))).lines().toList();
    String log = String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
    String document = text(step.document());
    if (!JsonText.isObject(document)) {
      reason = reason.isEmpty() ? "it left no JSON document in " + step.document().getFileName() : reason;
      document = "";
    }
    if (reason.isEmpty()) {
      reason = step.check().get();
    }
    return new StepResult(step, reason.isEmpty() ? Outcome.PASSED : Outcome.FAILED, reason, seconds, log, document.strip());
  }

  /** Why it failed; empty if it did not. */
  private String execute(Step step, Path err) throws IOException {
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
    List<String> said = text(err).lines().filter(line -> !line.isBlank()).toList();
    return "exit status " + process.exitValue() + (said.isEmpty() ? "" : ": " + said.getLast().strip());
  }

  /**
   * The process and whatever it has started: a tool may stand between it and the one that hangs. They are asked first: many then say where
   * they were.
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
