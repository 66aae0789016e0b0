package dev.temper;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The result of a call of an engine. The reference to the engine keeps the engine reachable, and open, while a result
 * is unread.
 */
final class EngineResult implements LossResult {

  private final LossEngine engine;
  private final LossResult pending;
  private volatile @Nullable LossTotals read;

  EngineResult(LossEngine engine, LossResult pending) {
    this.engine = engine;
    this.pending = pending;
  }

  @Override
  public LossTotals totals() {
    LossTotals totals = pending.totals();
    read = totals;
    return totals;
  }

  @Override
  public Optional<HeadWorkspace> workspace() {
    return pending.workspace();
  }

  /** Holds the totals if they were read; never waits. */
  @Override
  public String toString() {
    return "LossResult[" + (read == null ? "not read yet, on " + engine.device() : read) + "]";
  }
}
