package dev.temper.kernel.probe;

import dev.temper.kernel.spec.ProbeParameters.Operation;
import java.util.SplittableRandom;

/**
 * The larger or the smaller of two numbers of 16 bits, two at a time: a NaN beside a number is passed over.
 *
 * @param format of the numbers
 * @param operation which function
 * @param largest whether it takes the larger one
 */
record HalfExtremum(HalfFormat format, Operation operation, boolean largest) {

  private static final int PATTERNS = 1 << 16;

  /** Words in pairs, an item each: every pattern in both places, beside a drawn one. */
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

  /** Whether {@code found} may be the answer for two patterns; of two zeros either one may. */
  boolean allows(int a, int b, int found) {
    if (format.isNan(a) || format.isNan(b)) {
      return (format.isNan(a) && format.isNan(b)) ? format.isNan(found) : found == (format.isNan(a) ? b : a);
    }
    double expected = largest ? Math.max(format.value(a), format.value(b)) : Math.min(format.value(a), format.value(b));
    return (found == a || found == b) && format.value(found) == expected;
  }
}
