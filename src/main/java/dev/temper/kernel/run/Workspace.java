package dev.temper.kernel.run;

import dev.temper.kernel.device.KernelDevice;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The device memory that calls need beside their tensors: row losses, the status of launches, and copies of tensors that lie on the
 * host. Calls of one stream use it one after the other without waiting.
 */
final class Workspace implements AutoCloseable {

  private final KernelDevice device;
  private final Map<String, GrowingBlock> blocks = new HashMap<>();
  private @Nullable LaunchStatus status;

  Workspace(KernelDevice device) {
    this.device = device;
  }

  KernelDevice device() {
    return device;
  }

  /** At least so many bytes under a name; another name's bytes are others. */
  long bytes(String name, long needed) {
    return blocks.computeIfAbsent(name, _ -> new GrowingBlock(device)).atLeast(Math.max(needed, 1));
  }

  /** The status of what is launched with this workspace; with the engine's order held when it is asked for first. */
  LaunchStatus status() {
    if (status == null) {
      status = new LaunchStatus(this);
    }
    return status;
  }

  /** Bytes that it holds. */
  long bytes() {
    return blocks.values().stream().mapToLong(GrowingBlock::bytes).sum();
  }

  @Override
  public void close() {
    blocks.values().forEach(GrowingBlock::close);
    blocks.clear();
  }
}
