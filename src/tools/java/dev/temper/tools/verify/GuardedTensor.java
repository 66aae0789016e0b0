package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.RowVector;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A tensor in native memory with guard bytes before the first element and in the gaps between rows. Guard bytes follow
 * the last element, or the allocation ends there, so that an address sanitizer finds every read beyond it.
 */
final class GuardedTensor {

  private static final byte GUARD = (byte) 0xA5;
  private static final byte NAN_BYTE = (byte) 0xFF; // all bits set: NaN in every floating dtype
  private static final int TAIL = 64;
  /** Alignment of malloc in bytes. For a larger alignment the JVM would allocate more bytes than the tensor has. */
  private static final int ALIGNMENT = 16;

  private final MemorySegment whole;
  private final long offset;
  private final long rows;
  private final int columns;
  private final long rowStride;
  private final DType dtype;
  private byte[] before = {};

  private GuardedTensor(MemorySegment whole, long offset, long rows, int columns, long rowStride, DType dtype) {
    this.whole = whole;
    this.offset = offset;
    this.rows = rows;
    this.columns = columns;
    this.rowStride = rowStride;
    this.dtype = dtype;
  }

  static GuardedTensor matrix(Arena arena, long rows, int columns, Layout layout, DType dtype) {
    return allocate(arena, rows, columns, columns + layout.rowGap(), layout.offsetBytes(dtype), layout.tailGuard(),
        dtype);
  }

  /** Allocates one row that stands for all rows, with row stride 0. */
  static GuardedTensor repeatedRow(Arena arena, long rows, int columns, Layout layout, DType dtype) {
    return allocate(arena, rows, columns, 0, layout.offsetBytes(dtype), layout.tailGuard(), dtype);
  }

  static GuardedTensor vector(Arena arena, long length, Layout layout, DType dtype) {
    return allocate(arena, 1, Math.toIntExact(length), length, layout.offsetBytes(dtype), layout.tailGuard(), dtype);
  }

  private static GuardedTensor allocate(
      Arena arena, long rows, int columns, long rowStride, int offset, boolean tailGuard, DType dtype) {
    long bytes = rows == 0 ? 0 : ((rows - 1) * rowStride + columns) * dtype.bytes();
    MemorySegment whole = arena.allocate(offset + bytes + (tailGuard ? TAIL : 0), ALIGNMENT).fill(GUARD);
    return new GuardedTensor(whole, offset, rows, columns, rowStride, dtype);
  }

  HostMatrix view() {
    return new HostMatrix(elements(), rows, columns, rowStride, dtype);
  }

  RowVector rowVector() {
    return dtype.isFloating() ? RowVector.losses(elements(), columns, dtype)
        : RowVector.labels(elements(), columns, dtype);
  }

  GuardedTensor fill(double[] values) {
    for (int row = 0, i = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        Precision.write(whole, at(row, column), values[i++], dtype);
      }
    }
    return snapshot();
  }

  /** Fills the elements with NaN, so that an element that is not written fails the comparison. */
  GuardedTensor fillNaN() {
    for (int row = 0; row < rows; row++) {
      whole.asSlice(at(row, 0), (long) columns * dtype.bytes()).fill(NAN_BYTE);
    }
    return snapshot();
  }

  double[] read() {
    double[] values = new double[Math.toIntExact(rows * columns)];
    for (int row = 0, i = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        values[i++] = Precision.read(whole, at(row, column), dtype);
      }
    }
    return values;
  }

  DType dtype() {
    return dtype;
  }

  /** Whether no byte has changed since {@link #fill} or {@link #fillNaN}. */
  boolean isUntouched() {
    return whole.mismatch(MemorySegment.ofArray(before)) < 0;
  }

  /** Whether the bytes around and between the rows are unchanged. */
  boolean isIntact() {
    boolean intact = sameBytes(0, offset);
    for (int row = 1; row < rows; row++) {
      intact &= sameBytes(at(row - 1, columns), at(row, 0));
    }
    return intact && sameBytes(rows == 0 ? offset : at(rows - 1, columns), whole.byteSize());
  }

  private GuardedTensor snapshot() {
    before = whole.toArray(ValueLayout.JAVA_BYTE);
    return this;
  }

  private boolean sameBytes(long from, long to) {
    return MemorySegment.mismatch(whole, from, to, MemorySegment.ofArray(before), from, to) < 0;
  }

  private MemorySegment elements() {
    return whole.asSlice(offset, rows == 0 ? 0 : ((rows - 1) * rowStride + columns) * dtype.bytes());
  }

  private long at(long row, long column) {
    return offset + (row * rowStride + column) * dtype.bytes();
  }
}
