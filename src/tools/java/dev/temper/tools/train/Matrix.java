package dev.temper.tools.train;

import dev.temper.DType;
import dev.temper.HostMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A row-major f32 matrix without gaps, in native memory so that BLAS and loss engines read it in place.
 *
 * @param segment {@code rows * columns} floats
 */
record Matrix(MemorySegment segment, int rows, int columns) {

  /** Alignment in bytes: the size of a cache line and of an AVX-512 register. */
  private static final long ALIGNMENT = 64;

  static Matrix zeros(Arena arena, int rows, int columns) {
    return new Matrix(arena.allocate((long) rows * columns * Float.BYTES, ALIGNMENT), rows, columns);
  }

  long size() {
    return (long) rows * columns;
  }

  float get(long row, int column) {
    return segment.getAtIndex(ValueLayout.JAVA_FLOAT, row * columns + column);
  }

  void set(long row, int column, float value) {
    segment.setAtIndex(ValueLayout.JAVA_FLOAT, row * columns + column, value);
  }

  /** A view of the first rows. */
  Matrix top(int count) {
    return count == rows ? this : new Matrix(segment.asSlice(0, (long) count * columns * Float.BYTES), count, columns);
  }

  /** The matrix as a view of the public API, for logits and their gradient. */
  HostMatrix view() {
    return HostMatrix.of(segment, rows, columns, DType.F32);
  }
}
