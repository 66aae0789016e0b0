package dev.temper.kernel.device;

import java.lang.foreign.MemorySegment;

/**
 * A mapped result slot: a few bytes of host memory that kernels write in place. Reading them waits for one event and
 * not for the stream.
 */
public interface ResultSlot extends AutoCloseable {

  /** The address at which kernels access the slot. */
  long address();

  /** Records an event behind all submitted work; {@link #await} waits for the last event. */
  void recordEvent();

  /** Waits for the event. The result is valid until the next launch that writes to the slot. */
  MemorySegment await();

  @Override
  void close();
}
