package dev.temper;

import dev.temper.internal.HostMemory;
import dev.temper.internal.Shapes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/**
 * A matrix in host memory: native, memory-mapped or a Java array. The elements of an array must have the type of the
 * dtype, or be bytes. Native memory has no element type that could be checked.
 *
 * @param segment memory whose first byte is the first element of row 0, little-endian, at any alignment; the memory may
 *     be longer than the matrix
 * @param rows rows, 0 or more
 * @param classes columns, 1 or more
 * @param rowStride elements between the beginnings of two rows, at least {@code classes}; or 0 for one row that stands
 *     for all rows of a matrix that is only read
 * @param dtype F32, BF16 or F16
 */
public record HostMatrix(MemorySegment segment, long rows, int classes, long rowStride, DType dtype)
    implements MatrixView {

  /**
   * Checks shape and size.
   *
   * @throws IllegalArgumentException if a number is out of range, the dtype is not floating, the segment is too small,
   *     or an array of another type
   */
  public HostMatrix {
    Shapes.requireMatrix(rows, classes, rowStride, dtype);
    HostMemory.requireElements(segment, dtype);
    Shapes.requireBytes(segment.byteSize(), bytes(rows, classes, rowStride, dtype),
        "[" + rows + ", " + classes + "] " + dtype + " with row stride " + rowStride);
  }

  /**
   * Returns a matrix whose rows follow one another without a gap and fill the segment.
   *
   * @param segment exactly {@code rows * classes} elements
   * @throws IllegalArgumentException if a number is out of range, the dtype is not floating, or the size does not fit
   */
  public static HostMatrix of(MemorySegment segment, long rows, int classes, DType dtype) {
    Shapes.requireMatrix(rows, classes, classes, dtype);
    HostMemory.requireElements(segment, dtype);
    HostMemory.requireExactly(
        segment, bytes(rows, classes, classes, dtype), "[" + rows + ", " + classes + "] " + dtype, dtype);
    return new HostMatrix(segment, rows, classes, classes, dtype);
  }

  /** Returns a matrix in an array of exactly {@code rows * classes} floats, which is used in place. */
  public static HostMatrix of(float[] values, long rows, int classes) {
    HostMemory.requireLength("array", values.length, rows, classes, DType.F32);
    return of(MemorySegment.ofArray(values), rows, classes, DType.F32);
  }

  /**
   * Returns a matrix in an array of exactly {@code rows * classes} 16-bit floats, which is used in place; see {@link
   * DType#narrow} and {@link DType#widen}.
   *
   * @param dtype BF16 or F16
   */
  public static HostMatrix of(short[] bits, long rows, int classes, DType dtype) {
    MemorySegment segment = MemorySegment.ofArray(bits);
    HostMemory.requireElements(segment, dtype);
    HostMemory.requireLength("array", bits.length, rows, classes, dtype);
    return of(segment, rows, classes, dtype);
  }

  /**
   * Returns a matrix of the floats between position and limit of a buffer, which is used in place. The byte order of
   * the buffer must be the processor's.
   */
  public static HostMatrix of(FloatBuffer values, long rows, int classes) {
    MemorySegment segment = HostMemory.of(values, values.order());
    HostMemory.requireLength("buffer", values.remaining(), rows, classes, DType.F32);
    return of(segment, rows, classes, DType.F32);
  }

  /**
   * Returns a matrix of the 16-bit floats between position and limit of a buffer, which is used in place. The byte
   * order of the buffer must be the processor's.
   *
   * @param dtype BF16 or F16
   */
  public static HostMatrix of(ShortBuffer bits, long rows, int classes, DType dtype) {
    MemorySegment segment = HostMemory.of(bits, bits.order());
    HostMemory.requireElements(segment, dtype);
    HostMemory.requireLength("buffer", bits.remaining(), rows, classes, dtype);
    return of(segment, rows, classes, dtype);
  }

  /**
   * Returns a matrix of the bytes between position and limit of a buffer, which is used in place. The byte order of the
   * buffer must be the processor's; a new {@code ByteBuffer} is big-endian.
   */
  public static HostMatrix of(ByteBuffer bytes, long rows, int classes, DType dtype) {
    MemorySegment segment = HostMemory.of(bytes, bytes.order());
    HostMemory.requireLength("buffer", bytes.remaining() / dtype.bytes(), rows, classes, dtype);
    return of(segment, rows, classes, dtype);
  }

  @Override
  public HostMatrix rows(long from, long to) {
    Shapes.requireRows(from, to, rows);
    long begin = Math.min(from * rowStride * dtype.bytes(), segment.byteSize());
    MemorySegment part = segment.asSlice(begin, bytes(to - from, classes, rowStride, dtype));
    return new HostMatrix(part, to - from, classes, rowStride, dtype);
  }

  /**
   * Copies all elements to a matrix of the same shape. The dtype and the row stride may differ. F32 values are rounded
   * to the nearest BF16 or F16, ties to even; a conversion between BF16 and F16 goes through F32.
   *
   * @param target memory that does not overlap this matrix
   * @throws IllegalArgumentException if the shapes differ, or if the rows of the target share memory
   */
  public void copyTo(HostMatrix target) {
    if (target.rowStride == 0 && rows > 1) {
      throw new IllegalArgumentException("target has row stride 0, expected rows apart from each other, because it is"
          + " written");
    }
    if (target.rows != rows || target.classes != classes) {
      throw new IllegalArgumentException("target is " + target.describe() + ", expected [" + rows + ", " + classes
          + "]");
    }
    for (long row = 0; row < rows; row++) {
      long from = row * rowStride * dtype.bytes();
      long to = row * target.rowStride * target.dtype.bytes();
      if (dtype == target.dtype) {
        MemorySegment.copy(segment, from, target.segment, to, (long) classes * dtype.bytes());
        continue;
      }
      for (int i = 0; i < classes; i++) {
        put(target, to + (long) i * target.dtype.bytes(), get(from + (long) i * dtype.bytes()));
      }
    }
  }

  private float get(long at) {
    return dtype == DType.F32
        ? segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at)
        : dtype.widen(segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, at));
  }

  private static void put(HostMatrix target, long at, float value) {
    if (target.dtype == DType.F32) {
      target.segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, value);
    } else {
      target.segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, target.dtype.narrow(value));
    }
  }

  private static long bytes(long rows, int classes, long rowStride, DType dtype) {
    return rows == 0 ? 0 : ((rows - 1) * rowStride + classes) * dtype.bytes();
  }

  /** Shape and kind of memory, such as {@code [512, 50257] F32 in host memory}. */
  @Override
  public String toString() {
    return describe() + " in host memory";
  }
}
