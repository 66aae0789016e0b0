package dev.temper.cuda.driver;

import dev.temper.kernel.device.ResultSlot;
import java.lang.foreign.MemorySegment;

/** Pinned memory that kernels write across the bus, and an event behind the launches: what they wrote is there when it is passed. */
public final class PinnedResultSlot implements ResultSlot {

  private final PrimaryContext context;
  private final CudaStream stream;
  private final GraphRecording recording;
  private final PinnedMemory written;
  private final long address;
  private final CudaEvent arrived;

  public PinnedResultSlot(int bytes, PrimaryContext context, CudaStream stream, GraphRecording recording) {
    this.context = context;
    this.stream = stream;
    this.recording = recording;
    try (var _ = context.enter()) {
      written = PinnedMemory.mapped(bytes);
      // Where kernels do nothing, as on a stand-in of the driver without code for them, there is nothing wrong and nothing to add up.
      written.segment().fill((byte) 0);
      address = written.deviceAddress();
      arrived = CudaEvent.untimed();
    }
  }

  @Override
  public long address() {
    return address;
  }

  @Override
  public void recordEvent() {
    try (var _ = context.enter()) {
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
    return written.segment();
  }

  @Override
  public void close() {
    try (var _ = context.enter(); written; arrived) {
      arrived.await();
    }
  }
}
