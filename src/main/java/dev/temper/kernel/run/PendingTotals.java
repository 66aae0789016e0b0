package dev.temper.kernel.run;

import dev.temper.LossResult;
import dev.temper.LossTotals;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Totals that come back behind a launch; read once from the device, then kept, or why they cannot be had. */
final class PendingTotals implements LossResult {

  private final Readbacks readbacks;
  private final Function<MemorySegment, LossTotals> reading;
  private Readbacks.@Nullable Turn pending;
  private @Nullable LossTotals totals;
  private @Nullable RuntimeException fault;

  PendingTotals(Readbacks readbacks, Readbacks.Turn pending, Function<MemorySegment, LossTotals> reading) {
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
      } catch (RuntimeException e) {
        fault = e;
      }
      pending = null; // its way back is another call's from now on
    }
    if (totals == null) {
      throw Objects.requireNonNull(fault);
    }
    return totals;
  }
}
