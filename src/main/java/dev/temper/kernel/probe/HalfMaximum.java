package dev.temper.kernel.probe;

import dev.temper.kernel.spec.ProbeParameters.Operation;
import java.util.SplittableRandom;

/**
 * The maximum of two numbers of 16 bits, for two pairs at a time. The result for a NaN and a number is
 * the number.
 *
 * @param format format of the numbers
 * @param operation the device function
 */
record HalfMaximum(HalfFormat format, Operation operation) {

  private static final int PATTERNS = 1 << 16;

  /** Pairs of words: every pattern occurs in both halves, beside random ones. */
  static int[] inputs() {
    SplittableRandom random = new SplittableRandom(3);
    int[] words = new int[2 * PATTERNS];
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
      int drawn = random.nextInt(PATTERNS);
      words[2 * pattern] = pattern | drawn << 16;
      words[2 * pattern + 1] = random.nextInt(PATTERNS) | pattern << 16;
    }
    return words;
  }

  /** Returns whether {@code found} is a right result for two patterns. The maximum of two zeros is either zero. */
  boolean allows(int a, int b, int found) {
    if (format.isNan(a) || format.isNan(b)) {
      return (format.isNan(a) && format.isNan(b)) ? format.isNan(found) : found == (format.isNan(a) ? b : a);
    }
    double expected = Math.max(format.value(a), format.value(b));
    return (found == a || found == b) && format.value(found) == expected;
  }
}
