package dev.temper.spi;

import dev.temper.LossResult;
import dev.temper.LossTotals;
import org.jspecify.annotations.Nullable;

/** Launches a call of an engine without any preparation. Each launch computes the loss. */
final class HostPreparedCall implements PreparedCall {

  private final EngineBackend backend;
  private final LossCall call;
  private @Nullable LossResult last;

  HostPreparedCall(EngineBackend backend, LossCall call) {
    this.backend = backend;
    this.call = call;
  }

  @Override
  public void launch() {
    last = backend.compute(call);
  }

  @Override
  public LossTotals totals() {
    return PreparedCall.launched(last).totals();
  }

  @Override
  public void recordGraph() {
    throw new IllegalArgumentException(backend.describe() + " has no CUDA graphs; launch without recording one");
  }

  @Override
  public void close() {
    last = null;
  }
}
