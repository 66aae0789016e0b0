package dev.temper.kernel.probe;

import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Arguments of 2^x, and the error bound of its results: 2 ulp, with subnormal results and exactly 1 at 0.
 *
 * <p>For x below -126 the device computes {@code r = 2^(x/2)} within 2 ulp, a relative error of at most 2^-22, and
 * rounds {@code r * r} to the nearest subnormal number. The bound there is {@code ((1 + 2^-22)^2 - 1) 2^x + 1/2 ulp}:
 * 4.5 ulp at 2^-126, 1/2 ulp at 2^-149.
 */
final class Exponentials {

  private static final int RANDOM = 100_000;
  private static final double ULPS = 2;
  private static final double RELATIVE = ULPS * 0x1p-23;

  private Exponentials() {}

  /** Returns the bits of f32 arguments: every 1/64 from -151 to 129, as many random ones, and the limits of ranges. */
  static int[] arguments() {
    SplittableRandom random = new SplittableRandom(1);
    DoubleStream grid = IntStream.rangeClosed(-151 * 64, 129 * 64).mapToDouble(i -> i / 64.0);
    DoubleStream special = DoubleStream.of(0.0, -0.0, Float.MIN_VALUE, -Float.MIN_VALUE, 1e-30, -1e-30, 1e-8, -1e-8,
        Math.nextDown(128f),
        128, -126, Math.nextDown(-126f), -149, -150, Math.nextDown(-150f), 1e30, -1e30, Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN);
    DoubleStream all = DoubleStream.concat(DoubleStream.concat(special, grid), random.doubles(RANDOM, -151, 129));
    return all.mapToInt(x -> Float.floatToRawIntBits((float) x)).toArray();
  }

  /** Returns the largest allowed difference between a result and 2^x. */
  static double bound(float argument) {
    double exact = Math.pow(2, argument);
    double ulp = Math.ulp((float) exact);
    return exact < Float.MIN_NORMAL ? ((1 + RELATIVE) * (1 + RELATIVE) - 1) * exact + ulp / 2 : ULPS * ulp;
  }

  /** Returns whether a result is within the error bound. */
  static boolean allows(float argument, float found) {
    return allows(argument, found, bound(argument));
  }

  private static boolean allows(float argument, float found, double bound) {
    double exact = Math.pow(2, argument);
    if (Double.isNaN(exact)) {
      return Float.isNaN(found);
    }
    if (exact > Float.MAX_VALUE) {
      return found == Float.POSITIVE_INFINITY;
    }
    if (Math.abs(argument) < Float.MIN_NORMAL) {
      return found == 1;
    }
    return Math.abs(found - exact) <= bound;
  }

  /**
   * Returns whether a result is within the error bound of a function that flushes subnormal results to 0. The bound is
   * 2 ulp, because this function does not square.
   */
  static boolean allowsNormal(float argument, float found) {
    double exact = Math.pow(2, argument);
    boolean tiny = exact < Float.MIN_NORMAL * (1 + RELATIVE);
    boolean subnormal = found != 0 && Math.abs(found) < Float.MIN_NORMAL;
    return (tiny && found == 0) || (!subnormal && allows(argument, found, ULPS * Math.ulp((float) exact)));
  }
}
