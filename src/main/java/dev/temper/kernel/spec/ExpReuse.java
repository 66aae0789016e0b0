package dev.temper.kernel.spec;

/**
 * The power of the soft part's exponential e = exp(z/T) that gives the exponential exp(z) of the cross-entropy. The
 * power saves one of three exponentials per class.
 */
public enum ExpReuse {
  /** A separate exponential, for other T, for row temperatures, and without a soft part. */
  NONE,
  /** e, for T = 1. */
  SAME,
  /** e^2, for T = 2. */
  SQUARED,
  /** e^3. */
  CUBED,
  /** e^4. */
  FOURTH_POWER,
  /** e^5. */
  FIFTH_POWER,
  /** e^6. */
  SIXTH_POWER,
  /** e^7. */
  SEVENTH_POWER,
  /** e^8, for T = 8. */
  EIGHTH_POWER;

  static ExpReuse of(double temperature) {
    int whole = (int) temperature;
    return whole == temperature && whole >= 1 && whole < values().length ? values()[whole] : NONE;
  }
}
