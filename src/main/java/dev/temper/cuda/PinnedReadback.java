package dev.temper.cuda;

import dev.temper.kernel.device.Readback;
import java.lang.foreign.MemorySegment;

/** Results that land in pinned memory behind the launches, and an event behind them. */
final class PinnedReadback implements Readback {

  private final PrimaryContext context;
  private final CudaStream stream;
  private final GraphRecording recording;
  private final PinnedMemory landed;
  private final CudaEvent arrived;

  PinnedReadback(int bytes, PrimaryContext context, CudaStream stream, GraphRecording recording) {
    this.context = context;
    this.stream = stream;
    this.recording = recording;
    try (var _ = context.enter()) {
      landed = new PinnedMemory(bytes);
      arrived = CudaEvent.untimed();
    }
  }

  @Override
  public void enqueue(long from) {
    try (var _ = context.enter()) {
      Driver.copyToHost(from, landed.segment().address(), landed.segment().byteSize(), stream.handle());
      if (!recording.takes(arrived)) {
        arrived.record(stream);
      }
    }
  }

  @Override
  public MemorySegment await() {
    try (var _ = context.enter()) {
      arrived.await();
    }
    return landed.segment();
  }

  @Override
  public void close() {
    try (var _ = context.enter(); landed; arrived) {
      arrived.await();
    }
  }
}
