package dev.temper;

import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How an engine is opened.
 *
 * @param threads threads a host engine may use, 1 or more; empty: all processors available to the JVM
 * @param stream handle of a CUDA stream of the caller's, on which everything is launched; it is never destroyed here. 0 is the
 *     legacy default stream; empty: a stream of the engine's own. Host engines have no streams and pass it over
 */
public record EngineOptions(OptionalInt threads, OptionalLong stream) {

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
    return new EngineOptions(OptionalInt.empty(), OptionalLong.empty());
  }

  /** With this many threads. */
  public EngineOptions withThreads(int value) {
    return new EngineOptions(OptionalInt.of(value), stream);
  }

  /** On this CUDA stream, such as the current one of the framework that made the logits. */
  public EngineOptions withStream(long handle) {
    return new EngineOptions(threads, OptionalLong.of(handle));
  }
}
