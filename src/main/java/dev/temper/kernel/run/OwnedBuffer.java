package dev.temper.kernel.run;

import dev.temper.DeviceBuffer;
import java.lang.foreign.MemorySegment;

/** Device memory that a user of the library owns. */
final class OwnedBuffer implements DeviceBuffer, DeviceQueue.Resource {

  private final DeviceQueue queue;
  private final long address;
  private final long bytes;

  private OwnedBuffer(DeviceQueue queue, long bytes) {
    this.queue = queue;
    this.bytes = bytes;
    address = queue.device().allocate(bytes);
  }

  static OwnedBuffer allocate(DeviceQueue queue, long bytes) {
    return queue.open(new OwnedBuffer(queue, bytes));
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
    submit(end(offset, from), () -> queue.device().upload(from, address + offset));
  }

  @Override
  public void download(long offset, MemorySegment to) {
    submit(end(offset, to), () -> queue.device().download(address + offset, to));
  }

  @Override
  public void copyFrom(DeviceBuffer other) {
    submit(other.byteSize(), () -> queue.device().copy(other.address(), address, other.byteSize()));
  }

  @Override
  public void close() {
    queue.close(this);
  }

  @Override
  public void release() {
    queue.device().free(address);
  }

  private static long end(long offset, MemorySegment host) {
    if (offset < 0) {
      throw new IllegalArgumentException("offset is " + offset + ", expected 0 or more");
    }
    return Math.addExact(offset, host.byteSize());
  }

  private void submit(long end, Runnable copy) {
    if (end > bytes) {
      throw new IllegalArgumentException("the copy ends at byte " + end + ", expected at most the buffer's " + bytes);
    }
    try (var _ = queue.lock()) {
      if (!queue.isOpen(this)) {
        throw new IllegalStateException("this device buffer is closed; allocate another");
      }
      copy.run();
    }
  }
}
