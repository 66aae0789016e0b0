package dev.temper.kernel.probe;

import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Arguments of log2, which are positive normal numbers, and the error bound of its results. */
final class Log2 {

  private static final int RANDOM = 100_000;
  private static final double ERROR = 0x1p-22;

  private Log2() {}

  /**
   * Bits of f32 arguments: every 1/4096 from 0 to 4, powers of 2 and their neighbours, and random ones of all
   * exponents.
   */
  static int[] arguments() {
    SplittableRandom random = new SplittableRandom(1);
    DoubleStream grid = IntStream.rangeClosed(1, 4 * 4096).mapToDouble(i -> i / 4096.0);
    DoubleStream powers = IntStream.rangeClosed(-126, 127).mapToObj(i -> (float) Math.pow(2, i))
        .flatMapToDouble(x -> DoubleStream.of(Math.max(Float.MIN_NORMAL, Math.nextDown(x)), x, Math.nextUp(x)));
    DoubleStream drawn = random.doubles(RANDOM, -126, 128)
        .map(x -> Math.min(Float.MAX_VALUE, Math.max(Float.MIN_NORMAL, Math.pow(2, x))));
    return DoubleStream.concat(DoubleStream.concat(grid, powers), drawn)
        .mapToInt(x -> Float.floatToRawIntBits((float) x)).toArray();
  }

  /**
   * Returns whether a result is within the error bound: 2^-22 for arguments between 1/2 and 2, and 2^-22 of the result
   * for all others.
   */
  static boolean allows(float argument, float found) {
    double exact = Math.log(argument) / Math.log(2);
    return Math.abs(found - exact) <= ERROR * Math.max(1, Math.abs(exact));
  }
}
