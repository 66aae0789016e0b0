package dev.temper.cuda.driver;

import dev.temper.DeviceException;
import org.jspecify.annotations.Nullable;

/** A mark in a stream, in the current context. */
public final class CudaEvent implements AutoCloseable {

  private static final int DISABLE_TIMING = 2;
  private static final int CAPTURED = 907;

  private final long handle;
  private @Nullable CudaStream recorded;

  private CudaEvent(int flags) {
    handle = Driver.createEvent(flags);
  }

  /** One that costs the least, to wait for. */
  public static CudaEvent untimed() {
    return new CudaEvent(DISABLE_TIMING);
  }

  public static CudaEvent timed() {
    return new CudaEvent(0);
  }

  /** Moves it behind what the stream was given. */
  public void record(CudaStream stream) {
    Driver.recordEvent(handle, stream.handle());
    recorded = stream;
  }

  /**
   * Waits until the device has passed it; an event that was never recorded is passed. One that the stream's owner took into a graph
   * cannot be waited for: then all is waited for that the stream was given.
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

  /** Milliseconds from an earlier event on; both must have been passed. */
  public double since(CudaEvent start) {
    return Driver.elapsedMilliseconds(start.handle, handle);
  }

  @Override
  public void close() {
    Driver.destroyEvent(handle);
  }
}
