package dev.temper.kernel.run;

import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.kernel.device.ResultSlot;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Results whose totals may not be complete, and the report slots that they use. A slot is free again after the totals
 * are read, or after an unread result is garbage-collected.
 */
final class PendingResults implements DeviceQueue.Resource {

  private static final Cleaner CLEANER = Cleaner.create();

  private final DeviceQueue queue;
  private final Deque<ReportSlot> free = new ArrayDeque<>();
  private final Set<Lease> leases = new HashSet<>();
  private boolean closed;

  PendingResults(DeviceQueue queue) {
    this.queue = queue;
  }

  /**
   * The use of a slot by one call. A lease ends only once, because a result may be garbage-collected after another call
   * has leased its slot.
   */
  static final class Lease {
    private final ReportSlot slot;

    private Lease(ReportSlot slot) {
      this.slot = slot;
    }

    ResultSlot slot() {
      return slot.slot();
    }

    /** Waits for the launch that writes to the slot, and reads the report. */
    <T> T read(Function<MemorySegment, T> reading) {
      return slot.read(reading);
    }
  }

  Lease lease() {
    try (var _ = queue.lock()) {
      Lease lease = new Lease(free.isEmpty() ? new ReportSlot(queue) : free.pop());
      leases.add(lease);
      return lease;
    }
  }

  /** Frees the slot without reading its report. The call has no effect if the lease has ended. */
  void end(Lease lease) {
    try (var _ = queue.lock()) {
      if (leases.remove(lease) && !closed) {
        free.push(lease.slot);
      }
    }
  }

  /** The result of a launch that writes its report to the leased slot. */
  LossResult result(Lease lease, LossReadout readout) {
    Result result = new Result(lease, readout);
    CLEANER.register(result, () -> end(lease));
    return result;
  }

  @Override
  public void release() {
    closed = true;
    free.forEach(ReportSlot::close);
    // The loop needs a copy of the list. Closing a slot releases the lock while it waits for readers, and a reader then
    // removes its lease.
    List.copyOf(leases).forEach(lease -> lease.slot.close());
  }

  /** Reads the totals once from the device, and keeps them or the exception of the reading. */
  private final class Result implements LossResult {

    private final LossReadout readout;
    private @Nullable Lease lease;
    private @Nullable LossTotals totals;
    private @Nullable RuntimeException failure;

    Result(Lease lease, LossReadout readout) {
      this.lease = lease;
      this.readout = readout;
    }

    @Override
    public synchronized LossTotals totals() {
      if (lease != null) {
        try {
          totals = lease.slot.read(readout::totals);
        } catch (RuntimeException e) {
          failure = e;
        }
        end(lease);
        lease = null;
      }
      if (totals == null) {
        throw Objects.requireNonNull(failure);
      }
      return totals;
    }
  }
}
