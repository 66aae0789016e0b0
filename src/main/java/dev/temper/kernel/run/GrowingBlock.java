package dev.temper.kernel.run;

import dev.temper.kernel.device.KernelDevice;

/** Device memory that is kept from call to call and replaced by a larger block when one is asked for. */
final class GrowingBlock implements AutoCloseable {

  private final KernelDevice device;
  private long address;
  private long bytes;

  GrowingBlock(KernelDevice device) {
    this.device = device;
  }

  /** Address of at least so many bytes; what the block held is lost when it grows. */
  long atLeast(long needed) {
    if (needed > bytes) {
      close();
      // An eighth more, so that batches of slightly different length do not allocate anew each time.
      long larger = Math.addExact(needed, needed / 8);
      address = device.allocate(larger);
      bytes = larger;
    }
    return address;
  }

  /** Bytes that it holds. */
  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    if (bytes > 0) {
      device.free(address);
      bytes = 0;
    }
  }
}
