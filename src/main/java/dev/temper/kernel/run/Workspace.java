package dev.temper.kernel.run;

import dev.temper.kernel.device.KernelDevice;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The device memory that calls need beside their tensors: row losses, the status of launches, and copies of host
 * tensors. Calls on one stream use the same workspace without waiting for one another.
 */
final class Workspace implements AutoCloseable {

  private final KernelDevice device;
  private final Map<String, GrowingMemory> memory = new HashMap<>();
  private @Nullable LaunchStatus status;

  Workspace(KernelDevice device) {
    this.device = device;
  }

  KernelDevice device() {
    return device;
  }

  /**
   * Returns the address of at least {@code needed} bytes, which are reused for the same name. The content is lost when
   * the memory grows.
   */
  long bytes(String name, long needed) {
    return memory.computeIfAbsent(name, _ -> new GrowingMemory()).atLeast(Math.max(needed, 1));
  }

  /** The status of the launches that use this workspace; the stream lock is held at the first call. */
  LaunchStatus status() {
    if (status == null) {
      status = new LaunchStatus(this);
    }
    return status;
  }

  /** Bytes of device memory in use. */
  long bytes() {
    return memory.values().stream().mapToLong(each -> each.bytes).sum();
  }

  @Override
  public void close() {
    memory.values().forEach(GrowingMemory::free);
    memory.clear();
  }

  /** Device memory that is kept between calls, and replaced by a larger allocation if it is too small. */
  private final class GrowingMemory {
    private long address;
    private long bytes;

    long atLeast(long needed) {
      if (needed > bytes) {
        free();
        // An eighth more, so that batches of slightly different length do not allocate each time.
        long larger = Math.addExact(needed, needed / 8);
        address = device.allocate(larger);
        bytes = larger;
      }
      return address;
    }

    void free() {
      if (bytes > 0) {
        device.free(address);
        bytes = 0;
      }
    }
  }
}
