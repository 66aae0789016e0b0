package dev.temper.reference;

import dev.temper.DType;
import dev.temper.HostMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Elements of matrices as doubles: every F32, BF16 and F16 is one exactly; the way back rounds once. */
public final class Elements {

  private Elements() {}

  /** Reads the first {@code count} classes of a row. */
  public static void read(HostMatrix matrix, long row, int count, double[] into) {
    MemorySegment segment = matrix.segment();
    int bytes = matrix.dtype().bytes();
    long start = row * matrix.rowStride() * bytes;
    for (int i = 0; i < count; i++) {
      into[i] = decode(segment, start + (long) i * bytes, matrix.dtype());
    }
  }

  /** Writes all classes of a row, each rounded to the matrix's dtype. */
  public static void write(double[] values, HostMatrix matrix, long row) {
    MemorySegment segment = matrix.segment();
    int bytes = matrix.dtype().bytes();
    long start = row * matrix.rowStride() * bytes;
    for (int i = 0; i < matrix.classes(); i++) {
      encode(values[i], segment, start + (long) i * bytes, matrix.dtype());
    }
  }

  /**
   * The nearest value of a dtype, ties to even; infinite beyond its range; subnormals are kept.
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

  /** One rounding: the value is scaled so that its last kept bit has the weight 1, which is exact, and rounded there. */
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
    float rounded = (float) round(value, dtype); // exact: the value fits the narrower type already
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
