package dev.temper.kernel.run;

import dev.temper.kernel.device.KernelDevice;
import dev.temper.spi.layout.BatchStatus;

/**
 * What the kernels of a launch pass to one another, in device memory that all launches of a stream share. It is zero
 * when a launch begins, and the last kernel of a launch sets it to zero again. The host writes zeros only at first and
 * after a launch that failed before its last kernel: a launch that the owner of the stream captures in a graph must not
 * depend on earlier writes of the host. The stream lock is held during all calls.
 */
final class LaunchStatus {

  /** {@link BatchStatus}, then the number of finished blocks of the kernel that writes the report. */
  private static final long BYTES = BatchStatus.LAYOUT.byteSize() + Long.BYTES;

  private final KernelDevice device;
  private final long address;
  private boolean zero;

  LaunchStatus(Workspace workspace) {
    device = workspace.device();
    address = workspace.bytes("status", BYTES);
    writeZero();
    // On a per-thread default stream, a launch by another thread would not wait for the zeros.
    device.synchronize();
  }

  /** Address of the {@link BatchStatus}. */
  long address() {
    return address;
  }

  /** Address of the number of finished blocks. */
  long finishedBlocks() {
    return address + BatchStatus.LAYOUT.byteSize();
  }

  /** Called before the kernels of a launch. */
  void begin() {
    if (!zero) {
      writeZero();
    }
  }

  /** Called when a launch has failed, of which some kernels may already be in the stream. */
  void failed(Throwable reason) {
    zero = false;
    try {
      writeZero();
    } catch (RuntimeException e) {
      reason.addSuppressed(e);
    }
  }

  /** Called after a check whose totals are launched apart: until then the status holds the result of the check. */
  void holdsCheck() {
    zero = false;
  }

  /** Called before the totals that follow such a check, and that set the status to zero. */
  void endsWithTotals() {
    zero = true;
  }

  private void writeZero() {
    device.zero(address, BYTES);
    zero = true;
  }
}
