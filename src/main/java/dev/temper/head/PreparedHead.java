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
    boolean isCapturing = head.isCapturing();
    if (graph == null) {
      if (isCapturing) {
        throw new IllegalStateException("the stream is captured by its owner, and a loss with a head allocates memory "
            + "and waits for its check; call recordGraph() before the capture, so that a launch can join it");
      }
      last = head.compute(call);
      return;
    }
    if (isCapturing) {
      graph.submit();
    } else {
      graph.launch();
    }
    last = graph::totals;
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
