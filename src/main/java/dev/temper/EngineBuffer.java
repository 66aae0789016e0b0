package dev.temper;

import java.lang.foreign.MemorySegment;

/**
 * Device memory of an engine. The reference to the engine keeps the engine reachable, and open, while its memory is in
 * use.
 */
final class EngineBuffer implements DeviceBuffer {

  private final LossEngine engine;
  private final DeviceBuffer memory;

  EngineBuffer(LossEngine engine, DeviceBuffer memory) {
    this.engine = engine;
    this.memory = memory;
  }

  @Override
  public long address() {
    return memory.address();
  }

  @Override
  public long byteSize() {
    return memory.byteSize();
  }

  @Override
  public void upload(long offset, MemorySegment from) {
    memory.upload(offset, from);
  }

  @Override
  public void download(long offset, MemorySegment to) {
    memory.download(offset, to);
  }

  @Override
  public void copyFrom(DeviceBuffer other) {
    memory.copyFrom(other);
  }

  @Override
  public void close() {
    memory.close();
  }

  @Override
  public String toString() {
    return byteSize() + " bytes on " + engine.device() + " at device address 0x" + Long.toHexString(address());
  }
}
