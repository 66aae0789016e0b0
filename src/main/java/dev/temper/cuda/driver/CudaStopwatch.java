package dev.temper.cuda.driver;

import dev.temper.diagnostics.Stopwatch;

/** A stopwatch made of two events in the stream. */
public final class CudaStopwatch implements Stopwatch {

  private final PrimaryContext context;
  private final CudaStream stream;
  private final CudaEvent start;
  private final CudaEvent end;

  public CudaStopwatch(PrimaryContext context, CudaStream stream) {
    this.context = context;
    this.stream = stream;
    try (var _ = context.enter()) {
      start = CudaEvent.timed();
      end = CudaEvent.timed();
    }
  }

  @Override
  public void start() {
    try (var _ = context.enter()) {
      start.record(stream);
    }
  }

  @Override
  public double stop() {
    try (var _ = context.enter()) {
      end.record(stream);
      end.await();
      return end.since(start);
    }
  }

  @Override
  public void close() {
    try (var _ = context.enter(); start; end) {
      // The try statement closes both events.
    }
  }
}
