package dev.temper.kernel.run;

import dev.temper.LossTotals;
import dev.temper.kernel.device.Readback;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * Waits for what comes back from the device outside of the engine's order, so that other threads launch meanwhile; closing waits
 * for who still waits.
 */
final class DeviceWaits implements AutoCloseable {

  private final ReentrantLock order;
  private final Condition left;
  private int waiting;
  private boolean closed;

  DeviceWaits(ReentrantLock order) {
    this.order = order;
    left = order.newCondition();
  }

  /**
   * Waits, and reads what came.
   *
   * @throws IllegalStateException if it was closed before
   */
  LossTotals read(Readback readback, Function<MemorySegment, LossTotals> reading) {
    enter();
    try {
      readback.await();
      order.lock();
      try {
        // Once more, in case of another launch since, which would write over what is read.
        return reading.apply(readback.await());
      } finally {
        order.unlock();
      }
    } finally {
      leave();
    }
  }

  private void enter() {
    order.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the engine was closed before these totals were read; read them first");
      }
      waiting++;
    } finally {
      order.unlock();
    }
  }

  private void leave() {
    order.lock();
    try {
      waiting--;
      left.signalAll();
    } finally {
      order.unlock();
    }
  }

  /** With the order held, which it lets go while it waits. */
  @Override
  public void close() {
    closed = true;
    while (waiting > 0) {
      left.awaitUninterruptibly();
    }
  }
}
