package dev.temper.cuda.driver;

import dev.temper.DeviceException;
import org.jspecify.annotations.Nullable;

/** An event of the current context. */
public final class CudaEvent implements AutoCloseable {

  private static final int DISABLE_TIMING = 2;
  private static final int CAPTURED = 907;

  private final long handle;
  private @Nullable CudaStream recorded;

  private CudaEvent(int flags) {
    handle = DriverStreams.createEvent(flags);
  }

  /** Creates an event without a time, the cheapest kind. */
  public static CudaEvent untimed() {
    return new CudaEvent(DISABLE_TIMING);
  }

  /** Creates an event with a time. */
  public static CudaEvent timed() {
    return new CudaEvent(0);
  }

  /** Records the event behind everything that was submitted to the stream. */
  public void record(CudaStream stream) {
    DriverStreams.recordEvent(handle, stream.handle());
    recorded = stream;
  }

  /**
   * Waits for the last recording, if there is one. If the stream's owner has captured the recording in a graph, CUDA
   * cannot wait for the event, and this method waits for the stream.
   */
  public void await() {
    try {
      DriverStreams.synchronizeEvent(handle);
    } catch (DeviceException e) {
      if (e.code() != CAPTURED || recorded == null) {
        throw e;
      }
      DriverStreams.synchronizeStream(recorded.handle());
    }
  }

  /** Returns the milliseconds since an earlier event. The device must have reached both events. */
  public double since(CudaEvent start) {
    return DriverStreams.elapsedMilliseconds(start.handle, handle);
  }

  @Override
  public void close() {
    DriverStreams.destroyEvent(handle);
  }
}
