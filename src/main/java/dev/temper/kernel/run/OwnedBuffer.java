package dev.temper.kernel.run;

import dev.temper.DeviceBuffer;
import dev.temper.kernel.device.KernelDevice;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.ReentrantLock;

/** Device memory that a user of the library owns. */
final class OwnedBuffer implements DeviceBuffer {

  private final KernelDevice device;
  private final ReentrantLock order;
  private final OwnedBuffers all;
  private final long address;
  private final long bytes;
  private boolean closed;

  OwnedBuffer(KernelDevice device, ReentrantLock order, OwnedBuffers all, long bytes) {
    this.device = device;
    this.order = order;
    this.all = all;
    this.bytes = bytes;
    address = device.allocate(bytes);
  }

  @Override
  public long address() {
    return address;
  }

  @Override
  public long byteSize() {
    return bytes;
  }

  @Override
  public void upload(long offset, MemorySegment from) {
    requireOffset(offset);
    inOrder(Math.addExact(offset, from.byteSize()), () -> device.upload(from, address + offset));
  }

  @Override
  public void download(long offset, MemorySegment to) {
    requireOffset(offset);
    inOrder(Math.addExact(offset, to.byteSize()), () -> device.download(address + offset, to));
  }

  @Override
  public void copyFrom(DeviceBuffer other) {
    inOrder(other.byteSize(), () -> device.copy(other.address(), address, other.byteSize()));
  }

  @Override
  public void close() {
    order.lock();
    try {
      if (!closed) {
        closed = true;
        all.forget(this);
        device.free(address);
      }
    } finally {
      order.unlock();
    }
  }

  private static void requireOffset(long offset) {
    if (offset < 0) {
      throw new IllegalArgumentException("offset is " + offset + ", expected 0 or more");
    }
  }

  private void inOrder(long size, Runnable copy) {
    if (size > bytes) {
      throw new IllegalArgumentException("the copy ends at byte " + size + ", expected at most the buffer's " + bytes);
    }
    order.lock();
    try {
      if (closed) {
        throw new IllegalStateException("this device buffer is closed; allocate another");
      }
      copy.run();
    } finally {
      order.unlock();
    }
  }
}
