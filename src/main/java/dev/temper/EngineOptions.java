package dev.temper;

import java.util.OptionalInt;

/**
 * How an engine is opened.
 *
 * @param threads threads a host engine may use, 1 or more; empty: all processors available to the JVM
 */
public record EngineOptions(OptionalInt threads) {

  /**
   * Checks the number.
   *
   * @throws IllegalArgumentException if it is below 1
   */
  public EngineOptions {
    if (threads.isPresent() && threads.getAsInt() < 1) {
      throw new IllegalArgumentException("threads is " + threads.getAsInt() + ", expected 1 or more");
    }
  }

  /** What is best for the machine. */
  public static EngineOptions defaults() {
    return new EngineOptions(OptionalInt.empty());
  }

  /** With this many threads. */
  public EngineOptions withThreads(int value) {
    return new EngineOptions(OptionalInt.of(value));
  }
}
