package dev.temper.tools.gpucheck;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/**
 * One process.
 *
 * @param stage what it belongs to
 * @param name unique, part of file names
 * @param shows what it shows, in a few words
 * @param limitSeconds when it is ended
 * @param command what is started; empty for a step that cannot run here
 * @param document where the command leaves its JSON document
 * @param check made when the command has ended well: what is wrong, or nothing
 * @param notRun why it cannot run here; empty if it can
 * @param alongside whether it runs at the same time as the step before it
 */
record CheckStep(Stage stage, String name, String shows, int limitSeconds, List<String> command, Path document, Supplier<String> check,
    String notRun, boolean alongside) {

  /** A command whose exit status tells how it went, and whose document is what it prints. */
  static CheckStep of(Stage stage, String name, String shows, int limitSeconds, List<String> command, Path folder) {
    return new CheckStep(stage, name, shows, limitSeconds, List.copyOf(command), folder.resolve(name + ".out"), () -> "", "", false);
  }

  /** The same, which leaves its document in a file. */
  CheckStep leaving(Path file) {
    return new CheckStep(stage, name, shows, limitSeconds, command, file, check, notRun, alongside);
  }

  /** The same, with something to be seen to afterwards. */
  CheckStep then(Supplier<String> other) {
    return new CheckStep(stage, name, shows, limitSeconds, command, document, other, notRun, alongside);
  }

  /** The same where something is missing; runs if {@code reason} is empty. */
  CheckStep unless(String reason) {
    return new CheckStep(stage, name, shows, limitSeconds, command, document, check, reason, alongside);
  }

  /** The same at the time of the step before it: for what compiles more than it runs, and must not take its neighbours down with it. */
  CheckStep withPrevious() {
    return new CheckStep(stage, name, shows, limitSeconds, command, document, check, notRun, true);
  }
}
