package dev.temper.emulator;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** Device memory of the emulator: blocks of host memory, found by their addresses. New memory is NaN-filled. */
final class EmulatedMemory implements AutoCloseable {

  private static final int ALIGNMENT = 256;
  static final byte NAN = (byte) 0xff;

  private record Block(Arena arena, MemorySegment segment) {}

  private final ConcurrentSkipListMap<Long, Block> blocks = new ConcurrentSkipListMap<>();

  long allocate(long bytes) {
    Arena arena = Arena.ofShared();
    MemorySegment segment = arena.allocate(bytes, ALIGNMENT).fill(NAN);
    blocks.put(segment.address(), new Block(arena, segment));
    return segment.address();
  }

  void free(long address) {
    Block block = blocks.remove(address);
    if (block == null) {
      throw new IllegalStateException(String.format("address 0x%x was not allocated here, or is free already",
          address));
    }
    block.arena.close();
  }

  boolean holds(long address, long bytes) {
    Map.Entry<Long, Block> block = blocks.floorEntry(address);
    return block != null && address - block.getKey() + bytes <= block.getValue().segment.byteSize();
  }

  /** The allocation that contains an address; closed when the allocation is freed. */
  MemorySegment block(long address) {
    Map.Entry<Long, Block> block = blocks.floorEntry(address);
    if (block == null) {
      throw new IllegalStateException(String.format("0x%x is not memory of the emulator", address));
    }
    return block.getValue().segment;
  }

  /** A segment of device memory. */
  MemorySegment at(long address, long bytes) {
    Map.Entry<Long, Block> block = blocks.floorEntry(address);
    if (block == null || address - block.getKey() + bytes > block.getValue().segment.byteSize()) {
      throw new IllegalStateException(String.format("0x%x and the %d bytes from there are not memory of the emulator",
          address, bytes));
    }
    return block.getValue().segment.asSlice(address - block.getKey(), bytes);
  }

  @Override
  public void close() {
    blocks.values().forEach(block -> block.arena.close());
    blocks.clear();
  }
}
