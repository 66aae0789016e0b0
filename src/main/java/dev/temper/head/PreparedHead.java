package dev.temper.head;

import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.spi.LossCall;
import dev.temper.spi.PreparedCall;
import org.jspecify.annotations.Nullable;

/** Launches a checked call of a head many times, from the host or as a recorded graph. */
final class PreparedHead implements PreparedCall {

  private final HeadLoss head;
  private final LossCall call;
  private @Nullable LossResult last;
  private @Nullable RecordedHead recorded;

  PreparedHead(HeadLoss head, LossCall call) {
    this.head = head;
    this.call = call;
  }

  @Override
  public void launch() {
    RecordedHead graph = recorded;
    if (graph == null) {
      last = head.compute(call);
    } else {
      graph.launch();
      last = graph::totals;
    }
  }

  @Override
  public LossTotals totals() {
    return PreparedCall.launched(last).totals();
  }

  @Override
  public void recordGraph() {
    if (recorded == null) {
      recorded = head.record(call);
    }
  }

  @Override
  public long deviceBytes() {
    return head.deviceBytes() + (recorded == null ? 0 : recorded.deviceBytes());
  }

  @Override
  public void close() {
    last = null;
    if (recorded != null) {
      recorded.close();
      recorded = null;
    }
  }
}
