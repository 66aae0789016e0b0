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
    handle = Driver.createEvent(flags);
  }

  /** An event without a time, which costs least. */
  public static CudaEvent untimed() {
    return new CudaEvent(DISABLE_TIMING);
  }

  /** An event with a time. */
  public static CudaEvent timed() {
    return new CudaEvent(0);
  }

  /** Records the event behind everything that was submitted to the stream. */
  public void record(CudaStream stream) {
    Driver.recordEvent(handle, stream.handle());
    recorded = stream;
  }

  /**
   * Waits for the last recording, if there is one. If the stream's owner has captured the recording in a graph, the
   * event cannot be waited for; then this waits for the stream.
   */
  public void await() {
    try {
      Driver.synchronizeEvent(handle);
    } catch (DeviceException e) {
      if (e.code() != CAPTURED || recorded == null) {
        throw e;
      }
      Driver.synchronizeStream(recorded.handle());
    }
  }

  /** Milliseconds since an earlier event; the device must have reached both. */
  public double since(CudaEvent start) {
    return Driver.elapsedMilliseconds(start.handle, handle);
  }

  @Override
  public void close() {
    Driver.destroyEvent(handle);
  }
}
