package dev.temper.tools.cli;

/**
 * Prints the current case of a command on stderr if its process is ended early. If a device hangs, the line names the
 * case in which it hangs.
 */
final class LastWords implements AutoCloseable {

  private final Thread hook = new Thread(this::print, "last-words");
  private volatile String place = "before the first case";

  LastWords() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Stores that {@code done} of {@code total} cases have ended and {@code next} runs now. */
  void update(long done, long total, String next) {
    place = "at " + next + ", " + done + " of " + total + " cases done";
  }

  private void print() {
    System.err.println("temper: ended " + place);
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending, and the hook is running already.
    }
  }
}
