package dev.temper;

import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** How an engine is opened. */
public final class EngineOptions {

  private static final EngineOptions DEFAULTS = new EngineOptions(OptionalInt.empty(), OptionalLong.empty());

  private final OptionalInt threads;
  private final OptionalLong stream;

  private EngineOptions(OptionalInt threads, OptionalLong stream) {
    this.threads = threads;
    this.stream = stream;
  }

  /** All processors of the JVM, and a stream of the engine's own. */
  public static EngineOptions defaults() {
    return DEFAULTS;
  }

  /**
   * These options with a number of threads for engines that compute on the host; device engines have no use for it.
   *
   * @throws IllegalArgumentException if it is below 1
   */
  public EngineOptions withThreads(int value) {
    if (value < 1) {
      throw new IllegalArgumentException("threads is " + value + ", expected 1 or more");
    }
    return new EngineOptions(OptionalInt.of(value), stream);
  }

  /**
   * These options with a CUDA stream of the caller's, on which everything is launched, such as the current stream of
   * the framework that made the logits. The engine never destroys it. Host engines have no streams and ignore it.
   *
   * @param handle the {@code CUstream}; 0 is the legacy default stream
   */
  public EngineOptions withStream(long handle) {
    return new EngineOptions(threads, OptionalLong.of(handle));
  }

  /** Threads that a host engine may use; empty: all processors available to the JVM. */
  public OptionalInt threads() {
    return threads;
  }

  /** Handle of the caller's CUDA stream; empty: a stream of the engine's own. */
  public OptionalLong stream() {
    return stream;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof EngineOptions options && options.threads.equals(threads) && options.stream.equals(stream);
  }

  @Override
  public int hashCode() {
    return Objects.hash(threads, stream);
  }

  @Override
  public String toString() {
    return "EngineOptions[threads=" + (threads.isPresent() ? threads.getAsInt() : "all")
        + ", stream=" + (stream.isPresent() ? "0x" + Long.toHexString(stream.getAsLong()) : "own") + "]";
  }
}
