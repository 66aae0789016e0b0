package dev.temper.head;

import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.spi.LossCall;
import dev.temper.spi.PreparedCall;
import org.jspecify.annotations.Nullable;

/** Launches a checked call of a head many times. */
final class PreparedHead implements PreparedCall {

  private final HeadLoss head;
  private final LossCall call;
  private final String engine;
  private @Nullable LossResult last;

  PreparedHead(HeadLoss head, LossCall call, String engine) {
    this.head = head;
    this.call = call;
    this.engine = engine;
  }

  @Override
  public void launch() {
    last = head.compute(call);
  }

  @Override
  public LossTotals totals() {
    if (last == null) {
      throw new IllegalStateException("nothing was launched yet, expected launch() before totals()");
    }
    return last.totals();
  }

  @Override
  public void recordGraph() {
    throw new IllegalArgumentException(engine + " records no CUDA graph of a loss with a head; launch without"
        + " recording one");
  }

  @Override
  public long deviceBytes() {
    return head.deviceBytes();
  }

  @Override
  public void close() {
    last = null;
  }
}
