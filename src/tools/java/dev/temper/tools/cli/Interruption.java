package dev.temper.tools.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C as a wish to stop: the work asks {@link #asked()} between its steps, prints what it has and closes this, and only
 * then does the JVM end.
 */
final class Interruption implements AutoCloseable {

  /** Longer than any step that people wait for; a second Ctrl-C does not shorten it, {@code kill -9} does. */
  private static final int PATIENCE_SECONDS = 20;

  private final CountDownLatch done = new CountDownLatch(1);
  private final Thread hook = new Thread(this::ask, "interruption");
  private volatile boolean asked;

  private Interruption() {}

  /** Watches from now on. */
  static Interruption watch() {
    Interruption interruption = new Interruption();
    Runtime.getRuntime().addShutdownHook(interruption.hook);
    return interruption;
  }

  /** Whether to stop. */
  boolean asked() {
    return asked;
  }

  /** Lets the JVM end. */
  @Override
  public void close() {
    done.countDown();
    if (!asked) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        asked = true; // the JVM began to end just now
      }
    }
  }

  private void ask() {
    asked = true;
    try {
      if (!done.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("temper: the step under way took too long; ending without its results");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
