package dev.temper.spi;

import dev.temper.DType;
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

  /** Returns the value of a row of an F32 vector. */
  public static float value(RowVector.Host values, long row) {
    return values.segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, row * Float.BYTES);
  }
}
