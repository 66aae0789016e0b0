package dev.temper;

import dev.temper.internal.Shapes;
import java.lang.foreign.MemorySegment;

/**
 * A matrix in host memory: native, memory-mapped or a Java array ({@link MemorySegment#ofArray(float[])}).
 *
 * @param segment memory whose first byte is the first element of row 0; any alignment
 * @param rows rows, 0 or more
 * @param classes columns, 1 or more
 * @param rowStride elements between the beginnings of two rows, at least {@code classes}
 * @param dtype F32, BF16 or F16
 */
public record HostMatrix(MemorySegment segment, long rows, int classes, long rowStride, DType dtype)
    implements MatrixView {

  /**
   * Checks shape and size.
   *
   * @throws IllegalArgumentException if a number is out of range, the dtype is not floating, or the segment is too
   *     small
   */
  public HostMatrix {
    Shapes.requireMatrix(rows, classes, rowStride, dtype);
    long needed = rows == 0 ? 0 : ((rows - 1) * rowStride + classes) * dtype.bytes();
    Shapes.requireBytes(segment.byteSize(), needed, "[" + rows + ", " + classes + "] " + dtype + " with row stride "
        + rowStride);
  }

  /** Rows that follow one another without a gap. */
  public static HostMatrix of(MemorySegment segment, long rows, int classes, DType dtype) {
    return new HostMatrix(segment, rows, classes, classes, dtype);
  }

  /** An array of {@code rows x classes} floats, used in place. */
  public static HostMatrix of(float[] values, long rows, int classes) {
    return of(MemorySegment.ofArray(values), rows, classes, DType.F32);
  }

  /** Shape and kind of memory, such as {@code [512, 50257] F32 in host memory}. */
  @Override
  public String toString() {
    return describe() + " in host memory";
  }
}
