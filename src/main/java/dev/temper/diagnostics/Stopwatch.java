package dev.temper.diagnostics;

/**
 * Times what an engine runs, on the engine's own timeline: on a GPU by events in its stream, so that the host's part of
 * a launch counts only where the device waits for it; on a host by the clock.
 */
public interface Stopwatch extends AutoCloseable {

  /** Begins, behind everything the engine was asked to do before. */
  void start();

  /**
   * Ends, behind everything the engine was asked to do since, and waits for it.
   *
   * @return milliseconds
   */
  double stop();

  @Override
  void close();
}
