package dev.temper.tools.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Handles Ctrl-C as a request to stop. The work reads {@link #requested()} between its steps, prints its results and
 * closes this object. The JVM ends after that.
 */
final class Interruption implements AutoCloseable {

  /**
   * Longest time between a Ctrl-C and the end of the JVM. A second Ctrl-C does not shorten this time, but {@code kill
   * -9} ends the JVM at once.
   */
  private static final int PATIENCE_SECONDS = 20;

  private final CountDownLatch done = new CountDownLatch(1);
  private final Thread hook = new Thread(this::request, "interruption");
  private volatile boolean requested;

  private Interruption() {}

  /** Watches for Ctrl-C until it is closed. */
  static Interruption watch() {
    Interruption interruption = new Interruption();
    Runtime.getRuntime().addShutdownHook(interruption.hook);
    return interruption;
  }

  /** Whether the work should stop. */
  boolean requested() {
    return requested;
  }

  /** Lets the JVM end. */
  @Override
  public void close() {
    done.countDown();
    if (!requested) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        requested = true; // the JVM began to end at this moment
      }
    }
  }

  private void request() {
    requested = true;
    try {
      if (!done.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("temper: the current step took too long; ending without its results");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
