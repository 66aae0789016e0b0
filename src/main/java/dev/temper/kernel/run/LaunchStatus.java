package dev.temper.kernel.run;

import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.spec.BatchStatus;

/**
 * What the kernels of a launch tell each other, in device memory that the launches of a stream share: zero when a launch begins,
 * and left zero by its last kernel. It is written from here only at first, and where a launch did not get to its last kernel: a
 * launch that the stream's owner takes into a graph must not depend on what came before it. The engine's order is held for all of this.
 */
final class LaunchStatus {

  /** {@link BatchStatus}, then the totals kernel's count of finished blocks. */
  private static final long BYTES = BatchStatus.LAYOUT.byteSize() + Long.BYTES;

  private final KernelDevice device;
  private final long address;
  private boolean zero;

  LaunchStatus(Workspace workspace) {
    device = workspace.device();
    address = workspace.bytes("status", BYTES);
    writeZero();
    // A per-thread default stream is another one for the thread that launches first.
    device.synchronize();
  }

  /** Address of the {@link BatchStatus}. */
  long address() {
    return address;
  }

  /** Address of the count. */
  long finishedBlocks() {
    return address + BatchStatus.LAYOUT.byteSize();
  }

  /** Before the kernels of a launch. */
  void begin() {
    if (!zero) {
      writeZero();
    }
  }

  /** When a launch has failed: some of its kernels may be under way. */
  void failed(Throwable reason) {
    zero = false;
    try {
      writeZero();
    } catch (RuntimeException e) {
      reason.addSuppressed(e);
    }
  }

  private void writeZero() {
    device.zero(address, BYTES);
    zero = true;
  }
}
