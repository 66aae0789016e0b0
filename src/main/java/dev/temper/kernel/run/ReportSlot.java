package dev.temper.kernel.run;

import dev.temper.kernel.device.ResultSlot;
import dev.temper.spi.layout.BatchReport;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.Condition;
import java.util.function.Function;

/**
 * A mapped result slot for reports. Readers wait for the device without the stream lock; closing waits for the readers.
 */
final class ReportSlot implements AutoCloseable {

  private final DeviceQueue queue;
  private final ResultSlot slot;
  private final Condition readerLeft;
  private int readers;
  private boolean closed;

  ReportSlot(DeviceQueue queue) {
    this.queue = queue;
    slot = queue.device().resultSlot(Math.toIntExact(BatchReport.LAYOUT.byteSize()));
    readerLeft = queue.condition();
  }

  /** Returns the slot to which kernels write the report. */
  ResultSlot slot() {
    return slot;
  }

  /**
   * Waits for the last launch and reads its report.
   *
   * @throws IllegalStateException if the slot was closed before
   */
  <T> T read(Function<MemorySegment, T> reading) {
    enter();
    try {
      slot.await();
      try (var _ = queue.lock()) {
        // Hazard: another thread may have launched between the wait and the lock, and its launch could overwrite the
        // report during the reading. The second wait, with the lock held, prevents it.
        return reading.apply(slot.await());
      }
    } finally {
      leave();
    }
  }

  private void enter() {
    try (var _ = queue.lock()) {
      if (closed) {
        throw new IllegalStateException("the engine was closed before these totals were read; read them first");
      }
      readers++;
    }
  }

  private void leave() {
    try (var _ = queue.lock()) {
      readers--;
      readerLeft.signalAll();
    }
  }

  /** Closes the slot. The caller holds the stream lock, which is released while this method waits for readers. */
  @Override
  public void close() {
    closed = true;
    while (readers > 0) {
      readerLeft.awaitUninterruptibly();
    }
    slot.close();
  }
}
