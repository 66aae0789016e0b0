package dev.temper;

import java.lang.foreign.MemorySegment;

/**
 * A number that replaces the number of rows as the divisor of a mean, such as the global token count under gradient
 * accumulation. It must be finite and above 0.
 */
public sealed interface Denominator {

  /** A number that the caller has. */
  record Value(double value) implements Denominator {}

  /**
   * One f32 in memory that the call reads, such as a count after an all-reduce on the device. An invalid number there
   * is an error of the call, which reports it with the totals.
   *
   * @param vector [1] F32
   */
  record InMemory(RowVector vector) implements Denominator {
    /** Checks length and dtype. */
    public InMemory {
      if (vector.length() != 1 || vector.dtype() != DType.F32) {
        throw new IllegalArgumentException("denominator in memory is [" + vector.length() + "] " + vector.dtype()
            + ", expected one F32");
      }
    }
  }

  /** Returns a number that the caller has. */
  static Denominator of(double value) {
    return new Value(value);
  }

  /**
   * Returns one f32 in host memory.
   *
   * @param segment exactly 4 bytes, at any alignment
   * @throws IllegalArgumentException if the segment has another size
   */
  static Denominator in(MemorySegment segment) {
    if (segment.byteSize() != Float.BYTES) {
      throw new IllegalArgumentException("denominator in memory has " + segment.byteSize()
          + " bytes, expected 4 for one F32; pass the part that holds it");
    }
    return new InMemory(RowVector.weights(segment, 1, DType.F32));
  }

  /**
   * Returns one f32 in device memory that another library owns.
   *
   * @param address device address of the number
   */
  static Denominator at(long address) {
    return new InMemory(RowVector.weightsAt(address, 1));
  }
}
