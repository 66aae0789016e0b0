package dev.temper.internal;

import dev.temper.DType;

/** Checks the shapes of views of host and device memory. */
public final class Shapes {

  private Shapes() {}

  public static void requireMatrix(long rows, int classes, long rowStride, DType dtype) {
    if (rows < 0) {
      throw new IllegalArgumentException("rows is " + rows + ", expected 0 or more");
    }
    if (classes < 1) {
      throw new IllegalArgumentException("classes is " + classes + ", expected 1 or more");
    }
    if (rowStride < classes && rowStride != 0) {
      throw new IllegalArgumentException(
          "rowStride is " + rowStride + " elements, expected at least the " + classes
          + " classes of a row (rows must not overlap), or 0 for one row that stands for all");
    }
    if (!dtype.isFloating()) {
      throw new IllegalArgumentException("dtype of a matrix is " + dtype + ", expected F32, BF16 or F16");
    }
    try {
      Math.multiplyExact(Math.addExact(Math.multiplyExact(rows, rowStride), classes), (long) dtype.bytes());
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("rows " + rows + " x rowStride " + rowStride + " of " + dtype
          + " is beyond 2^63 bytes", e);
    }
  }

  public static void requireRows(long from, long to, long rows) {
    if (from < 0 || to < from || to > rows) {
      throw new IllegalArgumentException(
          "rows from " + from + " to " + to + " do not lie in the view, expected 0 <= from <= to <= " + rows);
    }
  }

  public static void requireVector(long length, DType dtype) {
    if (length < 0) {
      throw new IllegalArgumentException("length is " + length + ", expected 0 or more");
    }
    if (length > Long.MAX_VALUE / dtype.bytes()) {
      throw new IllegalArgumentException("length " + length + " of " + dtype + " is beyond 2^63 bytes");
    }
  }

  public static void requireBytes(long available, long needed, String what) {
    if (available < needed) {
      throw new IllegalArgumentException(
          "segment of " + available + " bytes is too small for " + what + ", which needs " + needed + " bytes");
    }
  }
}
