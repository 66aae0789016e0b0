package dev.temper.tools.verify;

import dev.temper.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Rounding, range and bytes of a dtype. */
final class Precision {

  /** Unit roundoff of f32, the least precise arithmetic that an engine may use. */
  static final double U = 0x1p-24;

  private Precision() {}

  /** Unit roundoff of a dtype: half the distance from 1 to the next number. */
  static double unit(DType dtype) {
    return switch (dtype) {
      case F32 -> 0x1p-24;
      case BF16 -> 0x1p-8;
      case F16 -> 0x1p-11;
      case I32, I64 -> 0;
    };
  }

  /** Half the distance between subnormal numbers: the absolute error of rounding a subnormal value. */
  static double halfQuantum(DType dtype) {
    return switch (dtype) {
      case F32 -> 0x1p-150;
      case BF16 -> 0x1p-134;
      case F16 -> 0x1p-25;
      case I32, I64 -> 0;
    };
  }

  /**
   * Returns the unit in the last place: the distance between neighbouring numbers of the dtype in the interval {@code
   * [2^k, 2^(k+1))} of {@code |value|}. Below the smallest normal number, and for 0, it is the distance between
   * subnormal numbers.
   */
  static double ulp(double value, DType dtype) {
    int leastNormal = dtype == DType.F16 ? -14 : Float.MIN_EXPONENT;
    return Math.scalb(2 * unit(dtype), Math.max(Math.getExponent(value), leastNormal));
  }

  /** Largest finite value. */
  static double max(DType dtype) {
    return switch (dtype) {
      case F32 -> Float.MAX_VALUE;
      case BF16 -> 0x1.fep127;
      case F16 -> 65504;
      case I32, I64 -> Double.POSITIVE_INFINITY;
    };
  }

  /** The nearest value of the dtype, ties to even. */
  static double round(double value, DType dtype) {
    float single = (float) value;
    return switch (dtype) {
      case F32 -> single;
      case BF16, F16 -> dtype.widen(dtype.narrow(single));
      case I32, I64 -> value;
    };
  }

  /** Writes an element at a byte offset of any alignment. */
  static void write(MemorySegment segment, long at, double value, DType dtype) {
    switch (dtype) {
      case F32 -> segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, (float) value);
      case BF16, F16 -> segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, dtype.narrow((float) value));
      case I32 -> segment.set(ValueLayout.JAVA_INT_UNALIGNED, at, (int) value);
      case I64 -> segment.set(ValueLayout.JAVA_LONG_UNALIGNED, at, (long) value);
    }
  }

  /** Reads an element at a byte offset of any alignment. */
  static double read(MemorySegment segment, long at, DType dtype) {
    return switch (dtype) {
      case F32 -> segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
      case BF16, F16 -> dtype.widen(segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, at));
      case I32 -> segment.get(ValueLayout.JAVA_INT_UNALIGNED, at);
      case I64 -> segment.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
    };
  }
}
