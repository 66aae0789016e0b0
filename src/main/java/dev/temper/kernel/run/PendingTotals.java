package dev.temper.kernel.run;

import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.kernel.device.Readback;
import java.lang.foreign.MemorySegment;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Totals that come back behind a launch; read once from the device, then kept. */
final class PendingTotals implements LossResult {

  private final Readbacks readbacks;
  private final Function<MemorySegment, LossTotals> reading;
  private @Nullable Readback pending;
  private @Nullable LossTotals totals;
  private @Nullable IllegalArgumentException fault;

  PendingTotals(Readbacks readbacks, Readback pending, Function<MemorySegment, LossTotals> reading) {
    this.readbacks = readbacks;
    this.pending = pending;
    this.reading = reading;
    readbacks.watch(this, pending);
  }

  @Override
  public synchronized LossTotals totals() {
    if (pending != null) {
      try {
        totals = readbacks.read(pending, reading);
      } catch (IllegalArgumentException e) {
        fault = e;
      }
      pending = null;
    }
    if (fault != null) {
      throw fault;
    }
    if (totals == null) {
      throw new IllegalStateException("the totals could not be read before; their device has failed");
    }
    return totals;
  }
}
