package dev.temper.cuda.driver;

import java.util.OptionalLong;

/**
 * A stream of the engine's own, or one that the caller lends and keeps.
 *
 * @param handle as CUDA's driver knows it; 0 and 1 are the legacy default stream, 2 the calling thread's
 * @param owned whether it is destroyed here
 */
public record CudaStream(long handle, boolean owned) implements AutoCloseable {

  private static final long LEGACY = 1;
  private static final long PER_THREAD = 2;

  /** An own stream waits for the legacy default stream and it for this one, since logits often come from there. */
  private static final int WAITS_FOR_LEGACY = 0;

  /**
   * In the current context.
   *
   * @throws IllegalArgumentException if the borrowed stream belongs to another device
   */
  public static CudaStream of(OptionalLong borrowed, PrimaryContext context) {
    if (borrowed.isEmpty()) {
      return new CudaStream(Driver.createStream(WAITS_FOR_LEGACY), true);
    }
    long handle = borrowed.getAsLong();
    if (handle < 0 || (handle > PER_THREAD && Driver.contextOf(handle) != context.handle())) {
      throw new IllegalArgumentException(String.format(
          "stream 0x%x is not of this device's primary context, expected one that is; open the engine of the device that it belongs to",
          handle));
    }
    return new CudaStream(handle, false);
  }

  boolean isLegacy() {
    return handle <= LEGACY;
  }

  @Override
  public void close() {
    if (owned) {
      Driver.destroyStream(handle);
    }
  }
}
