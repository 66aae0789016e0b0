package dev.temper.cuda;

import dev.temper.PreparedLoss;
import dev.temper.cuda.driver.DriverStreams;
import dev.temper.cuda.driver.PrimaryContext;

/** A stream that a test owns and an engine borrows. The primary context of device 0 is current until it is closed. */
final class BorrowedStream implements AutoCloseable {

  private static final int NON_BLOCKING = 1;

  private final PrimaryContext context = new PrimaryContext(0);
  private final PrimaryContext.Entered entered = context.enter();
  private final long handle = DriverStreams.createStream(NON_BLOCKING);

  long handle() {
    return handle;
  }

  void synchronize() {
    DriverStreams.synchronizeStream(handle);
  }

  /** Captures a launch in a graph that belongs to the owner of the stream. */
  Graph capture(PreparedLoss prepared) {
    DriverStreams.beginCapture(handle);
    prepared.launch();
    long graph = DriverStreams.endCapture(handle);
    return new Graph(handle, graph, DriverStreams.instantiateGraph(graph));
  }

  @Override
  public void close() {
    try (context; entered) {
      DriverStreams.destroyStream(handle);
    }
  }

  /** A captured graph. */
  record Graph(long stream, long graph, long executable) implements AutoCloseable {

    void launch() {
      DriverStreams.launchGraph(executable, stream);
    }

    @Override
    public void close() {
      DriverStreams.destroyExecutable(executable);
      DriverStreams.destroyGraph(graph);
    }
  }
}
