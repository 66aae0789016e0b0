package dev.temper.cuda;

/** A mark in a stream, in the current context. */
final class CudaEvent implements AutoCloseable {

  private static final int DISABLE_TIMING = 2;

  private final long handle;

  private CudaEvent(int flags) {
    handle = Driver.createEvent(flags);
  }

  /** One that costs the least, to wait for. */
  static CudaEvent untimed() {
    return new CudaEvent(DISABLE_TIMING);
  }

  static CudaEvent timed() {
    return new CudaEvent(0);
  }

  /** Moves it behind what the stream was given. */
  void record(CudaStream stream) {
    Driver.recordEvent(handle, stream.handle());
  }

  /** Waits until the device has passed it; an event that was never recorded is passed. */
  void await() {
    Driver.synchronizeEvent(handle);
  }

  /** Milliseconds from an earlier event on; both must have been passed. */
  double since(CudaEvent start) {
    return Driver.elapsedMilliseconds(start.handle, handle);
  }

  @Override
  public void close() {
    Driver.destroyEvent(handle);
  }
}
