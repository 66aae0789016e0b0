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
  private final Set<Turn> taken = new HashSet<>();
  private final DeviceWaits waits;
  private boolean closed;

  Readbacks(KernelDevice device, ReentrantLock order) {
    this.device = device;
    this.order = order;
    waits = new DeviceWaits(order);
  }

  /**
   * One call's use of a way back. It ends once: a result is dropped some time after it was read, when another call may have the way.
   */
  static final class Turn {
    private final Readback readback;

    private Turn(Readback readback) {
      this.readback = readback;
    }

    Readback readback() {
      return readback;
    }
  }

  Turn take() {
    order.lock();
    try {
      Turn turn = new Turn(free.isEmpty() ? LossRun.readback(device) : free.pop());
      taken.add(turn);
      return turn;
    } finally {
      order.unlock();
    }
  }

  /** Frees the way back when the result is dropped unread. */
  void watch(LossResult result, Turn turn) {
    CLEANER.register(result, () -> giveBack(turn));
  }

  /**
   * Waits for what comes back, and frees the way.
   *
   * @throws IllegalStateException if the engine was closed before
   */
  LossTotals read(Turn turn, Function<MemorySegment, LossTotals> reading) {
    try {
      return waits.read(turn.readback, reading);
    } finally {
      giveBack(turn);
    }
  }

  /** Frees a way back that nobody will read; of no effect when it is free already. */
  void giveBack(Turn turn) {
    order.lock();
    try {
      if (taken.remove(turn) && !closed) {
        free.push(turn.readback);
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
    taken.forEach(turn -> turn.readback.close());
  }
}
