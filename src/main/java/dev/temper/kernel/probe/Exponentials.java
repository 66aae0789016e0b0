package dev.temper.kernel.probe;

import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Arguments of 2^x, and what a device may make of them: 2 ulp, subnormal results kept, exactly 1 at 0. */
final class Exponentials {

  private static final int DRAWN = 100_000;
  private static final double ULPS = 2;

  private Exponentials() {}

  /** Bits of f32 arguments: every 1/64 from -151 to 129, as many drawn, and those where something begins. */
  static int[] arguments() {
    SplittableRandom random = new SplittableRandom(1);
    DoubleStream grid = IntStream.rangeClosed(-151 * 64, 129 * 64).mapToDouble(i -> i / 64.0);
    DoubleStream special = DoubleStream.of(0.0, -0.0, Float.MIN_VALUE, -Float.MIN_VALUE, 1e-30, -1e-30, 1e-8, -1e-8, Math.nextDown(128f),
        128, -126, Math.nextDown(-126f), -149, -150, Math.nextDown(-150f), 1e30, -1e30, Float.MAX_VALUE, -Float.MAX_VALUE,
        Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN);
    DoubleStream all = DoubleStream.concat(DoubleStream.concat(special, grid), random.doubles(DRAWN, -151, 129));
    return all.mapToInt(x -> Float.floatToRawIntBits((float) x)).toArray();
  }

  /** Whether a device may answer so. */
  static boolean allows(float argument, float found) {
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
    return Math.abs(found - exact) <= ULPS * Math.ulp((float) exact);
  }

  /** Whether a device may answer so where subnormal results become 0. */
  static boolean allowsNormal(float argument, float found) {
    boolean tiny = Math.pow(2, argument) < Float.MIN_NORMAL * (1 + ULPS * 0x1p-23);
    boolean subnormal = found != 0 && Math.abs(found) < Float.MIN_NORMAL;
    return (tiny && found == 0) || (!subnormal && allows(argument, found));
  }
}
