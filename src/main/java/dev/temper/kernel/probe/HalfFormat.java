package dev.temper.kernel.probe;

/**
 * A floating-point format of 16 bits, decoded by its definition (IEEE 754, 3.4), for comparison with the conversions of
 * a device.
 *
 * @param fractionBits bits of the fraction
 * @param bias bias of the exponent
 */
record HalfFormat(int fractionBits, int bias) {

  static final HalfFormat F16 = new HalfFormat(10, 15);
  static final HalfFormat BF16 = new HalfFormat(7, 127);

  static final int SIGN = 0x8000;

  /** Pattern of infinity, one above the largest finite number. */
  int infinity() {
    return (2 * bias + 1) << fractionBits;
  }

  boolean isNan(int pattern) {
    return (pattern & ~SIGN) > infinity();
  }

  /** Value of a pattern that is not NaN. */
  double value(int pattern) {
    int magnitude = pattern & ~SIGN;
    double value = magnitude == infinity() ? Double.POSITIVE_INFINITY : finite(magnitude);
    return (pattern & SIGN) != 0 ? -value : value;
  }

  /**
   * Value of a magnitude. The pattern of infinity has the value of the next finite number, which decides the rounding
   * to infinity.
   */
  double finite(int magnitude) {
    int exponent = magnitude >> fractionBits;
    int fraction = magnitude & (1 << fractionBits) - 1;
    return exponent == 0 ? Math.scalb((double) fraction, 1 - bias - fractionBits)
        : Math.scalb((double) (fraction | 1 << fractionBits), exponent - bias - fractionBits);
  }
}
