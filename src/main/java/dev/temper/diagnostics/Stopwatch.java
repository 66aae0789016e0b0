package dev.temper.diagnostics;

/**
 * Measures times on the timeline of an engine. On a GPU it uses events in the stream, so the host's part of a launch
 * counts only if the device waits for it. On a host it uses the clock.
 */
public interface Stopwatch extends AutoCloseable {

  /** Starts the measurement behind all work that was submitted before. */
  void start();

  /**
   * Ends the measurement behind all work that was submitted since the start, and waits for that work.
   *
   * @return milliseconds since the start
   */
  double stop();

  @Override
  void close();
}
