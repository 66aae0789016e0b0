package dev.temper.kernel.run;

import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.spi.LossCall;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/** The prepared calls of one engine. What nobody has closed is closed with the engine; closing it later does nothing. */
final class PreparedRuns implements AutoCloseable {

  private final KernelDevice device;
  private final ReentrantLock order;
  private final Set<PreparedRun> open = new HashSet<>();

  PreparedRuns(KernelDevice device, ReentrantLock order) {
    this.device = device;
    this.order = order;
  }

  PreparedRun prepare(LossCall call, LossSpecialisation loss) {
    PreparedRun run = new PreparedRun(call, loss, device, order, this);
    order.lock();
    try {
      open.add(run);
    } finally {
      order.unlock();
    }
    return run;
  }

  /** Called by the run itself, with the order held; whether it was open. */
  boolean forget(PreparedRun run) {
    return open.remove(run);
  }

  @Override
  public void close() {
    List.copyOf(open).forEach(PreparedRun::close);
  }
}
