package dev.temper;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;

/**
 * Holds one tensor at a random alignment, in native memory or in a byte array. Guard bytes lie before it, behind it and
 * between its rows. Its elements start with a pattern that no engine writes.
 */
final class GuardedMemory {

  private static final byte GUARD = (byte) 0xA5;
  /**
   * The pattern of unwritten elements. It is a negative integer in every integer dtype, and a NaN with a payload in
   * every floating dtype.
   */
  private static final short UNWRITTEN = (short) 0xFFB7;
  private static final int GUARD_BYTES = 64;
  private static final int MOST_GAP = 9;

  private final MemorySegment whole;
  private final long offset;
  private final long rows;
  private final int columns;
  private final long rowStride;
  private final DType dtype;
  private byte[] before = {};

  private GuardedMemory(MemorySegment whole, long offset, long rows, int columns, long rowStride, DType dtype) {
    this.whole = whole;
    this.offset = offset;
    this.rows = rows;
    this.columns = columns;
    this.rowStride = rowStride;
    this.dtype = dtype;
    whole.fill(GUARD);
    for (long row = 0; row < rows; row++) {
      for (long at = at(row, 0); at < at(row, columns); at += Short.BYTES) {
        whole.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, UNWRITTEN);
      }
    }
    snapshot();
  }

  /** Allocates a matrix. Half of the matrices have a gap between their rows. */
  static GuardedMemory matrix(RandomGenerator random, Arena arena, long rows, int columns, DType dtype) {
    int gap = random.nextBoolean() ? 0 : 1 + random.nextInt(MOST_GAP);
    long rowStride = (long) columns + gap;
    long bytes = GUARD_BYTES + rows * rowStride * dtype.bytes() + GUARD_BYTES;
    MemorySegment whole = random.nextInt(4) == 0
        ? MemorySegment.ofArray(new byte[Math.toIntExact(bytes)]) : arena.allocate(bytes, GUARD_BYTES);
    long offset = random.nextBoolean() ? GUARD_BYTES : 1 + random.nextInt(GUARD_BYTES - 1);
    return new GuardedMemory(whole, offset, rows, columns, rowStride, dtype);
  }

  /** Allocates a vector without gaps. */
  static GuardedMemory vector(RandomGenerator random, Arena arena, long length, DType dtype) {
    GuardedMemory memory = matrix(random, arena, length, 1, dtype);
    return new GuardedMemory(memory.whole, memory.offset, length, 1, 1, dtype);
  }

  HostMatrix matrix() {
    return new HostMatrix(elements(), rows, columns, rowStride, dtype);
  }

  /** Returns a view that begins one byte later, and therefore overlaps every element. */
  HostMatrix matrixOneByteLater() {
    return new HostMatrix(whole.asSlice(offset + 1, elements().byteSize()), rows, columns, rowStride, dtype);
  }

  /** Returns the memory from the first to the last element. */
  MemorySegment elements() {
    return whole.asSlice(offset, rows == 0 ? 0 : ((rows - 1) * rowStride + columns) * dtype.bytes());
  }

  /** Stores the present content, with which later checks compare. */
  void snapshot() {
    before = whole.toArray(ValueLayout.JAVA_BYTE);
  }

  boolean isUnchanged() {
    return whole.mismatch(MemorySegment.ofArray(before)) < 0;
  }

  /** Returns whether the bytes around and between the rows are unchanged. */
  boolean guardsAreUnchanged() {
    long from = 0;
    for (long row = 0; row < rows; row++) {
      if (!isUnchanged(from, at(row, 0))) {
        return false;
      }
      from = at(row, columns);
    }
    return isUnchanged(from, whole.byteSize());
  }

  /** Returns whether every element differs from the pattern that it started with. */
  boolean isWritten() {
    for (long row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        if (keepsPattern(at(row, column))) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean keepsPattern(long at) {
    long end = at + dtype.bytes();
    while (at < end && whole.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) == UNWRITTEN) {
      at += Short.BYTES;
    }
    return at == end;
  }

  private boolean isUnchanged(long from, long to) {
    return MemorySegment.mismatch(whole, from, to, MemorySegment.ofArray(before), from, to) < 0;
  }

  private long at(long row, long column) {
    return offset + (row * rowStride + column) * dtype.bytes();
  }
}
