package dev.temper.kernel.device;

import java.lang.foreign.MemorySegment;

/** A few bytes of the host's memory that kernels write where they are, without holding up the launches. */
public interface Readback extends AutoCloseable {

  /** The address at which kernels see them. */
  long address();

  /** Goes behind what was launched before: {@link #await} waits for that. */
  void mark();

  /** Waits for what was launched before the last {@link #mark}, and gives what it wrote; valid until the next launch that writes. */
  MemorySegment await();

  @Override
  void close();
}
