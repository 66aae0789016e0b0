package dev.temper.reference;

import dev.temper.DType;
import dev.temper.HostMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Converts elements of matrices to and from doubles. A double holds every F32, BF16 and F16 value exactly, and the
 * conversion back rounds once.
 */
public final class Elements {

  private Elements() {}

  public static void read(HostMatrix matrix, long row, int count, double[] into) {
    MemorySegment segment = matrix.segment();
    int bytes = matrix.dtype().bytes();
    long start = row * matrix.rowStride() * bytes;
    for (int i = 0; i < count; i++) {
      into[i] = decode(segment, start + (long) i * bytes, matrix.dtype());
    }
  }

  /** Writes all classes of a row. Each value is rounded to the dtype of the matrix. */
  public static void write(double[] values, HostMatrix matrix, long row) {
    MemorySegment segment = matrix.segment();
    int bytes = matrix.dtype().bytes();
    long start = row * matrix.rowStride() * bytes;
    for (int i = 0; i < matrix.classes(); i++) {
      encode(values[i], segment, start + (long) i * bytes, matrix.dtype());
    }
  }

  /**
   * Adds to all classes of a row. Each sum is rounded once to the dtype of the matrix. An element to which 0 is added
   * keeps its bits.
   */
  static void add(double[] values, HostMatrix matrix, long row) {
    MemorySegment segment = matrix.segment();
    int bytes = matrix.dtype().bytes();
    long start = row * matrix.rowStride() * bytes;
    for (int i = 0; i < matrix.classes(); i++) {
      if (values[i] != 0) {
        long offset = start + (long) i * bytes;
        encode(decode(segment, offset, matrix.dtype()) + values[i], segment, offset, matrix.dtype());
      }
    }
  }

  /**
   * Returns the nearest value of a dtype, with ties to even. A value beyond the range becomes infinite, and subnormals
   * are kept.
   *
   * @param dtype F32, BF16 or F16
   */
  public static double round(double value, DType dtype) {
    return switch (dtype) {
      case F32 -> round(value, 24, Float.MIN_EXPONENT, Float.MAX_EXPONENT);
      case BF16 -> round(value, 8, Float.MIN_EXPONENT, Float.MAX_EXPONENT);
      case F16 -> round(value, 11, -14, 15);
      case I32, I64 -> throw notFloating(dtype);
    };
  }

  /**
   * Rounds once: the value is scaled so that its last kept bit has the weight 1, and the scaled value is rounded. The
   * scaling is exact.
   */
  private static double round(double value, int significandBits, int minExponent, int maxExponent) {
    if (value == 0 || !Double.isFinite(value)) {
      return value;
    }
    int exponent = Math.max(Math.getExponent(value), minExponent);
    double lastBit = Math.scalb(1.0, exponent - (significandBits - 1));
    double rounded = Math.rint(value / lastBit) * lastBit;
    return Math.getExponent(rounded) > maxExponent ? Math.copySign(Double.POSITIVE_INFINITY, value) : rounded;
  }

  private static double decode(MemorySegment segment, long offset, DType dtype) {
    return switch (dtype) {
      case F32 -> segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, offset);
      case BF16, F16 -> dtype.widen(segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, offset));
      case I32, I64 -> throw notFloating(dtype);
    };
  }

  private static void encode(double value, MemorySegment segment, long offset, DType dtype) {
    // The cast is exact, because the value was rounded to a dtype that is no wider than f32.
    float rounded = (float) round(value, dtype);
    switch (dtype) {
      case F32 -> segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, offset, rounded);
      case BF16, F16 -> segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, offset, dtype.narrow(rounded));
      case I32, I64 -> throw notFloating(dtype);
    }
  }

  private static IllegalArgumentException notFloating(DType dtype) {
    return new IllegalArgumentException("dtype is " + dtype + ", expected F32, BF16 or F16");
  }
}
