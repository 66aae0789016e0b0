package dev.temper.kernel.run;

import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.Readback;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/** The ways back that calls take in turn: one is free again when its totals were read, or when nobody can read them any more. */
final class Readbacks implements AutoCloseable {

  private static final Cleaner CLEANER = Cleaner.create();

  private final KernelDevice device;
  private final ReentrantLock order;
  private final Deque<Readback> free = new ArrayDeque<>();
  private final Set<Readback> taken = new HashSet<>();
  private final DeviceWaits waits;
  private boolean closed;

  Readbacks(KernelDevice device, ReentrantLock order) {
    this.device = device;
    this.order = order;
    waits = new DeviceWaits(order);
  }

  Readback take() {
    order.lock();
    try {
      Readback readback = free.isEmpty() ? LossRun.readback(device) : free.pop();
      taken.add(readback);
      return readback;
    } finally {
      order.unlock();
    }
  }

  /** Frees the way back when the result is dropped unread. */
  void watch(LossResult result, Readback readback) {
    CLEANER.register(result, () -> giveBack(readback));
  }

  /**
   * Waits for what comes back, and frees the way.
   *
   * @throws IllegalStateException if the engine was closed before
   */
  LossTotals read(Readback readback, Function<MemorySegment, LossTotals> reading) {
    try {
      return waits.read(readback, reading);
    } finally {
      giveBack(readback);
    }
  }

  /** Frees a way back that nobody will read. */
  void giveBack(Readback readback) {
    order.lock();
    try {
      if (taken.remove(readback) && !closed) {
        free.push(readback);
      }
    } finally {
      order.unlock();
    }
  }

  /** With the order held. */
  @Override
  public void close() {
    waits.close();
    closed = true;
    free.forEach(Readback::close);
    taken.forEach(Readback::close);
  }
}
