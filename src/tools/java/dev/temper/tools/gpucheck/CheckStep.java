package dev.temper.tools.gpucheck;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/**
 * A step: one process with a time limit.
 *
 * @param stage the stage of the step
 * @param name unique name, part of file names
 * @param shows what the step shows, in a few words
 * @param limitSeconds time after which the process is ended
 * @param command the command; empty for a step that cannot run here
 * @param document the file with the command's JSON document
 * @param check checks the outputs of a successful command; returns the reason of a failure, or an empty text
 * @param notRun the reason why the step cannot run here; empty if it can
 * @param alongside whether it runs concurrently with the step before it
 */
record CheckStep(Stage stage, String name, String shows, int limitSeconds, List<String> command, Path document,
    Supplier<String> check, String notRun, boolean alongside) {

  /** Returns a step whose command prints its document, and exits with status 0 if it passed. */
  static CheckStep of(Stage stage, String name, String shows, int limitSeconds, List<String> command, Path folder) {
    return new CheckStep(stage, name, shows, limitSeconds, List.copyOf(command), folder.resolve(name + ".out"),
        () -> "", "", false);
  }

  /** The same step with its document in a file. */
  CheckStep withDocument(Path file) {
    return new CheckStep(stage, name, shows, limitSeconds, command, file, check, notRun, alongside);
  }

  /** The same step with a check of its outputs. */
  CheckStep then(Supplier<String> other) {
    return new CheckStep(stage, name, shows, limitSeconds, command, document, other, notRun, alongside);
  }

  /** The same step, not run unless {@code reason} is empty. */
  CheckStep unless(String reason) {
    return new CheckStep(stage, name, shows, limitSeconds, command, document, check, reason, alongside);
  }

  /** Returns this step, concurrent with the step before it. This saves time if most of it is compilation. */
  CheckStep withPrevious() {
    return new CheckStep(stage, name, shows, limitSeconds, command, document, check, notRun, true);
  }
}
