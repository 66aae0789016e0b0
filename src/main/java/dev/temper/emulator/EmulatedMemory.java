package dev.temper.emulator;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** Device memory of the emulator: blocks of host memory, found by their addresses. New memory is NaN-filled. */
final class EmulatedMemory implements AutoCloseable {

  private static final int ALIGNMENT = 256;
  static final byte NAN = (byte) 0xff;

  private record Allocation(Arena arena, MemorySegment segment) {}

  private final ConcurrentSkipListMap<Long, Allocation> allocations = new ConcurrentSkipListMap<>();

  long allocate(long bytes) {
    Arena arena = Arena.ofShared();
    MemorySegment segment = arena.allocate(bytes, ALIGNMENT).fill(NAN);
    allocations.put(segment.address(), new Allocation(arena, segment));
    return segment.address();
  }

  void free(long address) {
    Allocation allocation = allocations.remove(address);
    if (allocation == null) {
      throw new IllegalStateException(String.format("address 0x%x was not allocated here, or is free already",
          address));
    }
    allocation.arena.close();
  }

  boolean holds(long address, long bytes) {
    Map.Entry<Long, Allocation> allocation = allocations.floorEntry(address);
    return allocation != null && address - allocation.getKey() + bytes <= allocation.getValue().segment.byteSize();
  }

  /** The allocation that contains an address; closed when the allocation is freed. */
  MemorySegment block(long address) {
    Map.Entry<Long, Allocation> allocation = allocations.floorEntry(address);
    if (allocation == null) {
      throw new IllegalStateException(String.format("0x%x is not memory of the emulator", address));
    }
    return allocation.getValue().segment;
  }

  /** A segment of device memory. */
  MemorySegment at(long address, long bytes) {
    Map.Entry<Long, Allocation> allocation = allocations.floorEntry(address);
    if (allocation == null || address - allocation.getKey() + bytes > allocation.getValue().segment.byteSize()) {
      throw new IllegalStateException(String.format("0x%x and the %d bytes from there are not memory of the emulator",
          address, bytes));
    }
    return allocation.getValue().segment.asSlice(address - allocation.getKey(), bytes);
  }

  @Override
  public void close() {
    allocations.values().forEach(allocation -> allocation.arena.close());
    allocations.clear();
  }
}
