package dev.temper.internal;

import java.io.IOException;

/** The number of a process that has ended. */
public final class EndedProcess {

  private EndedProcess() {}

  /**
   * Returns the beginning of the names of its temporary files, as {@link TemporaryFiles#prefix()} returned it there.
   */
  public static String temporaryName() {
    try {
      Process process = new ProcessBuilder("true").start();
      process.waitFor();
      return TemporaryFiles.prefix().replace("-" + ProcessHandle.current().pid() + "-", "-" + process.pid() + "-");
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
