package dev.temper.cuda;

import java.lang.foreign.MemorySegment;

/** Host memory that the device copies from and to without the processor; copies on it run beside everything else. */
final class PinnedMemory implements AutoCloseable {

  private final MemorySegment segment;

  /** In the current context. */
  PinnedMemory(int bytes) {
    segment = MemorySegment.ofAddress(Driver.allocatePinned(bytes)).reinterpret(bytes);
  }

  MemorySegment segment() {
    return segment;
  }

  /** No copy may be under way. */
  @Override
  public void close() {
    Driver.freePinned(segment.address());
  }
}
