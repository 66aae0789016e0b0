package dev.temper;

import dev.temper.internal.Shapes;
import java.lang.foreign.MemorySegment;

/**
 * A view of one value per row (labels, row weights, row temperatures, row losses), contiguous, in memory that the caller
 * owns.
 */
public sealed interface RowVector permits RowVector.Host, RowVector.Device {

  /** Number of values. */
  long length();

  /** Element type: I32 or I64 for labels, F32 for everything else. */
  DType dtype();

  /**
   * A vector in host memory.
   *
   * @param segment memory whose first byte is the first element; any alignment
   * @param length number of values, 0 or more
   * @param dtype element type
   */
  record Host(MemorySegment segment, long length, DType dtype) implements RowVector {
    /**
     * Checks length and size.
     *
     * @throws IllegalArgumentException if the length is negative or the segment is too small
     */
    public Host {
      Shapes.requireVector(length, dtype);
      Shapes.requireBytes(segment.byteSize(), length * dtype.bytes(), "[" + length + "] " + dtype);
    }
  }

  /**
   * A vector in the memory of a CUDA device, borrowed.
   *
   * @param address device address of the first element
   * @param length number of values, 0 or more
   * @param dtype element type
   */
  record Device(long address, long length, DType dtype) implements RowVector {
    /**
     * Checks the length.
     *
     * @throws IllegalArgumentException if the length is negative or the address is 0
     */
    public Device {
      Shapes.requireVector(length, dtype);
      if (address == 0 && length > 0) {
        throw new IllegalArgumentException("device address is 0, expected the address of " + length + " values");
      }
    }
  }

  /** A vector over host memory. */
  static RowVector of(MemorySegment segment, long length, DType dtype) {
    return new Host(segment, length, dtype);
  }

  /** An array of floats, used in place. */
  static RowVector of(float... values) {
    return new Host(MemorySegment.ofArray(values), values.length, DType.F32);
  }

  /** An array of int32 labels, used in place. */
  static RowVector of(int... values) {
    return new Host(MemorySegment.ofArray(values), values.length, DType.I32);
  }

  /** An array of int64 labels, used in place. */
  static RowVector of(long... values) {
    return new Host(MemorySegment.ofArray(values), values.length, DType.I64);
  }
}
