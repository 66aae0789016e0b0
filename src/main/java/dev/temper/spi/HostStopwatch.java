package dev.temper.spi;

import dev.temper.diagnostics.Stopwatch;

/** The clock, for engines that have finished when a call returns. */
public final class HostStopwatch implements Stopwatch {

  private long started;

  /** Starts with the first {@link #start()}. */
  public HostStopwatch() {}

  @Override
  public void start() {
    started = System.nanoTime();
  }

  @Override
  public double stop() {
    return (System.nanoTime() - started) * 1e-6;
  }

  @Override
  public void close() {}
}
