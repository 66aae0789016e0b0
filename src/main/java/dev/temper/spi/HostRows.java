package dev.temper.spi;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.RowVector;
import java.lang.foreign.ValueLayout;

/** Reads single values of row vectors in host memory, at any alignment. */
public final class HostRows {

  private HostRows() {}

  /** Returns the label of a row of an I32 or I64 vector. */
  public static long label(RowVector.Host labels, long row) {
    return labels.dtype() == DType.I32
        ? labels.segment().get(ValueLayout.JAVA_INT_UNALIGNED, row * Integer.BYTES)
        : labels.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, row * Long.BYTES);
  }

  /** Returns an element of a matrix. */
  public static float element(HostMatrix matrix, long row, int column) {
    long offset = (row * matrix.rowStride() + column) * matrix.dtype().bytes();
    return matrix.dtype() == DType.F32
        ? matrix.segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, offset)
        : matrix.dtype().widen(matrix.segment().get(ValueLayout.JAVA_SHORT_UNALIGNED, offset));
  }

  /** Returns the value of a row of an F32 vector. */
  public static float value(RowVector.Host values, long row) {
    return values.segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, row * Float.BYTES);
  }

  /** Returns the largest absolute value of a vector of F32; 1 if it is empty. */
  public static double largest(RowVector.Host vector) {
    double largest = vector.length() == 0 ? 1 : 0;
    for (long row = 0; row < vector.length(); row++) {
      largest = Math.max(largest, Math.abs(value(vector, row)));
    }
    return largest;
  }
}
