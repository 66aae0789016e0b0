package dev.temper.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The driver's attributes of an address.
 *
 * @param context the context that allocated the memory; 0 for memory that was mapped into a reserved range or comes
 *     from a pool
 * @param memoryType {@link #UNKNOWN}, {@link #HOST}, or device memory
 * @param device number of the device that owns the memory
 * @param managed whether the memory moves between host and devices
 * @param rangeStart first address of the allocation, or of the reserved range
 * @param rangeBytes size of the allocation, or of the reserved range
 */
public record PointerAttributes(long context, int memoryType, int device, boolean managed, long rangeStart,
    long rangeBytes) {

  /** {@code CUmemorytype} of an address that is not CUDA memory. */
  public static final int UNKNOWN = 0;

  /** {@code CU_MEMORYTYPE_HOST}. */
  public static final int HOST = 1;

  /**
   * Returns whether one allocation contains all bytes. The result is false for a reserved range, of which parts may not
   * be mapped.
   */
  boolean isAllocated(long address, long bytes) {
    return context != 0 && address - rangeStart + bytes <= rangeBytes;
  }

  /** The arguments of {@code cuPointerGetAttributes}, reused by all calls of a thread. */
  static final class Query {

    // CUpointer_attribute: context, memory type, is managed, device ordinal, range start, range size.
    static final int[] NUMBERS = {1, 2, 8, 9, 11, 12};
    static final int COUNT = NUMBERS.length;

    private final MemorySegment values = Arena.ofAuto().allocate(JAVA_LONG, COUNT);
    private final MemorySegment pointers = Arena.ofAuto().allocate(JAVA_LONG, COUNT);

    Query() {
      for (int i = 0; i < COUNT; i++) {
        pointers.setAtIndex(JAVA_LONG, i, values.address() + i * JAVA_LONG.byteSize());
      }
    }

    /**
     * Sets the values to zero, because the driver writes fewer than 8 bytes to some, and returns the address of the
     * array of pointers to them.
     */
    long pointers() {
      values.fill((byte) 0);
      return pointers.address();
    }

    PointerAttributes result() {
      return new PointerAttributes(values.getAtIndex(JAVA_LONG, 0), values.get(JAVA_INT, 8), values.get(JAVA_INT, 24),
          values.get(JAVA_BYTE, 16) != 0, values.getAtIndex(JAVA_LONG, 4), values.getAtIndex(JAVA_LONG, 5));
    }
  }
}
