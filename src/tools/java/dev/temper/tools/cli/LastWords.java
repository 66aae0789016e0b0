package dev.temper.tools.cli;

/** Says on stderr where a command was, if its process is ended before it is done: a device that hangs then has a case's name. */
final class LastWords implements AutoCloseable {

  private final Thread hook = new Thread(this::say, "last-words");
  private volatile String place = "before the first case";

  LastWords() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** {@code done} of {@code total} cases have ended; {@code next} is about to run. */
  void update(long done, long total, String next) {
    place = "at " + next + ", " + done + " of " + total + " cases done";
  }

  private void say() {
    System.err.println("temper: ended " + place);
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // the process is ending: the hook speaks already
    }
  }
}
