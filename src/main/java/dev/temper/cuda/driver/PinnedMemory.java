package dev.temper.cuda.driver;

import java.lang.foreign.MemorySegment;

/**
 * Host memory that stays where it is: the device copies from and to it without the processor, beside everything else, and can
 * write to it from kernels where it is mapped.
 */
public final class PinnedMemory implements AutoCloseable {

  private static final int DEVICE_MAP = 2;

  private final MemorySegment segment;

  private PinnedMemory(long address, int bytes) {
    segment = MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  /** For copies, in the current context. */
  public static PinnedMemory forCopies(int bytes) {
    return new PinnedMemory(Driver.allocatePinned(bytes, 0), bytes);
  }

  /** For kernels too, in the current context. */
  public static PinnedMemory mapped(int bytes) {
    return new PinnedMemory(Driver.allocatePinned(bytes, DEVICE_MAP), bytes);
  }

  /** Where the kernels of the current context see mapped memory. */
  public long deviceAddress() {
    return Driver.deviceAddress(segment.address());
  }

  public MemorySegment segment() {
    return segment;
  }

  /** Nothing that uses it may be under way. */
  @Override
  public void close() {
    Driver.freePinned(segment.address());
  }
}
