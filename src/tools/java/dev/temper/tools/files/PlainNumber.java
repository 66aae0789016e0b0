package dev.temper.tools.files;

import java.math.BigDecimal;

/** Writes numbers without needless digits: {@code 4} for 4.0, {@code 0.0001} for 1.0E-4. */
public final class PlainNumber {

  private static final double LARGEST_IN_FULL = 1e15;
  private static final double SMALLEST_IN_FULL = 1e-9;

  private PlainNumber() {}

  /**
   * Returns the shortest decimal that parses to the same number. Very large and very small numbers keep their exponent.
   */
  public static String of(double value) {
    double size = Math.abs(value);
    if (value == 0 || (size >= SMALLEST_IN_FULL && size < LARGEST_IN_FULL)) {
      return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
    }
    return Double.toString(value);
  }
}
