package dev.temper.kernel.run;

import dev.temper.kernel.device.KernelDevice;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/** The device memory that users of one engine own. What they have not closed is freed with the engine; closing it later does nothing. */
final class OwnedBuffers implements AutoCloseable {

  private final KernelDevice device;
  private final ReentrantLock order;
  private final Set<OwnedBuffer> open = new HashSet<>();

  OwnedBuffers(KernelDevice device, ReentrantLock order) {
    this.device = device;
    this.order = order;
  }

  OwnedBuffer allocate(long bytes) {
    order.lock();
    try {
      OwnedBuffer buffer = new OwnedBuffer(device, order, this, bytes);
      open.add(buffer);
      return buffer;
    } finally {
      order.unlock();
    }
  }

  /** Called by the buffer itself. */
  void forget(OwnedBuffer buffer) {
    open.remove(buffer);
  }

  @Override
  public void close() {
    List.copyOf(open).forEach(OwnedBuffer::close);
  }
}
