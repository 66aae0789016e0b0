package dev.temper.cuda.driver;

import dev.temper.kernel.device.ResultSlot;
import java.lang.foreign.MemorySegment;

/**
 * A result slot in mapped page-locked memory, which kernels write across the bus, and an event that is recorded behind
 * the kernels.
 */
public final class PinnedResultSlot implements ResultSlot {

  private final PrimaryContext context;
  private final CudaStream stream;
  private final GraphRecording recording;
  private final PinnedMemory memory;
  private final long address;
  private final CudaEvent written;

  public PinnedResultSlot(int bytes, PrimaryContext context, CudaStream stream, GraphRecording recording) {
    this.context = context;
    this.stream = stream;
    this.recording = recording;
    try (var _ = context.enter()) {
      memory = PinnedMemory.mapped(bytes);
      // The stand-in for the driver may run kernels without code. Zeros are then a valid report: no invalid row, totals
      // of 0.
      memory.segment().fill((byte) 0);
      address = memory.deviceAddress();
      written = CudaEvent.untimed();
    }
  }

  @Override
  public long address() {
    return address;
  }

  @Override
  public void recordEvent() {
    try (var _ = context.enter()) {
      if (!recording.takes(written)) {
        written.record(stream);
      }
    }
  }

  @Override
  public MemorySegment await() {
    try (var _ = context.enter()) {
      written.await();
    }
    return memory.segment();
  }

  @Override
  public void close() {
    try (var _ = context.enter(); memory; written) {
      written.await();
    }
  }
}
