package dev.temper.spi;

import dev.temper.diagnostics.Stopwatch;

/** Measures wall-clock time for engines that finish their work before a call returns. */
public final class HostStopwatch implements Stopwatch {

  private long started;

  /** Creates a stopwatch, which {@link #start()} starts. */
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
