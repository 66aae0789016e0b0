package dev.temper.kernel.device;

import java.lang.foreign.MemorySegment;

/** A few bytes of device memory that come back to the host behind the launches, without holding them up. */
public interface Readback extends AutoCloseable {

  /** Copies from device memory, behind what was launched before; returns without waiting. */
  void enqueue(long from);

  /** Waits for the last copy and gives what came; valid until the next {@link #enqueue}. */
  MemorySegment await();

  @Override
  void close();
}
