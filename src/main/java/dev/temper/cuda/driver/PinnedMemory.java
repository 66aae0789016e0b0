package dev.temper.cuda.driver;

import java.lang.foreign.MemorySegment;

/**
 * Page-locked host memory. The device copies from and to it while the processor does other work, and kernels can access
 * it if it is mapped.
 */
public final class PinnedMemory implements AutoCloseable {

  private static final int DEVICE_MAP = 2;

  private final MemorySegment segment;

  private PinnedMemory(long address, int bytes) {
    segment = MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  /** Memory of the current context for copies. */
  public static PinnedMemory forCopies(int bytes) {
    return new PinnedMemory(DriverMemory.allocatePinned(bytes, 0), bytes);
  }

  /** Memory of the current context that kernels can access. */
  public static PinnedMemory mapped(int bytes) {
    return new PinnedMemory(DriverMemory.allocatePinned(bytes, DEVICE_MAP), bytes);
  }

  /** The address at which the kernels of the current context access mapped memory. */
  public long deviceAddress() {
    return DriverMemory.deviceAddress(segment.address());
  }

  public MemorySegment segment() {
    return segment;
  }

  /** Frees the memory; no copy and no kernel may use it any more. */
  @Override
  public void close() {
    DriverMemory.freePinned(segment.address());
  }
}
