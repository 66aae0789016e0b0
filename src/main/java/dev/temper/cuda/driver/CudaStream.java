package dev.temper.cuda.driver;

import java.util.OptionalLong;

/**
 * A stream that the engine owns, or a borrowed one, which the caller owns.
 *
 * @param handle the {@code CUstream}; 0 and 1 are the legacy default stream, 2 is the per-thread default stream
 * @param owned whether closing destroys the stream
 */
public record CudaStream(long handle, boolean owned) implements AutoCloseable {

  private static final long LEGACY = 1;
  private static final long PER_THREAD = 2;

  /**
   * Flags of an owned stream. The legacy default stream often computes the logits; with these flags both streams wait
   * for one another.
   */
  private static final int SYNCHRONIZES_WITH_LEGACY = 0;

  /**
   * Returns a stream in the current context.
   *
   * @param borrowed handle of a stream that the caller owns; if empty, a new one is created
   * @throws IllegalArgumentException if the borrowed stream belongs to another device
   */
  public static CudaStream of(OptionalLong borrowed, PrimaryContext context) {
    if (borrowed.isEmpty()) {
      return new CudaStream(DriverStreams.createStream(SYNCHRONIZES_WITH_LEGACY), true);
    }
    long handle = borrowed.getAsLong();
    if (handle < 0 || (handle > PER_THREAD && DriverStreams.contextOf(handle) != context.handle())) {
      throw new IllegalArgumentException(String.format(
          "stream 0x%x is not of this device's primary context, expected one that is; open the engine of the device "
          + "that it belongs to",
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
      DriverStreams.destroyStream(handle);
    }
  }
}
