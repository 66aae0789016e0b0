package dev.temper.kernel.run;

import dev.temper.kernel.device.KernelDevice;
import dev.temper.spi.layout.BatchStatus;

/**
 * The status that the kernels of a launch pass to one another, in device memory that all launches of a stream share.
 * The status is zero when a launch begins, and the last kernel of a launch sets it to zero again. The stream lock is
 * held during all calls.
 *
 * <p>Hazard: a launch that the owner of the stream captures in a graph is replayed without the host, so it must not
 * depend on earlier writes of the host. The host therefore writes zeros only at first and after a launch that failed
 * before its last kernel.
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
    // Hazard: on a per-thread default stream, a launch by another thread would not wait for the zeros. The host
    // therefore waits here.
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

  /** Marks the beginning of a launch, before its kernels are submitted. */
  void begin() {
    if (!zero) {
      writeZero();
    }
  }

  /** Marks the failure of a launch. Some of its kernels may already be in the stream. */
  void failed(Throwable reason) {
    zero = false;
    try {
      writeZero();
    } catch (RuntimeException e) {
      reason.addSuppressed(e);
    }
  }

  /**
   * Marks the end of a check whose totals are launched separately. The status holds the result of the check until then.
   */
  void holdsCheck() {
    zero = false;
  }

  /** Marks the beginning of the totals after such a check. The totals set the status to zero. */
  void endsWithTotals() {
    zero = true;
  }

  private void writeZero() {
    device.zero(address, BYTES);
    zero = true;
  }
}
