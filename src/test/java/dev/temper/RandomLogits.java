package dev.temper;

import static java.lang.Double.NEGATIVE_INFINITY;
import static java.lang.Double.NaN;
import static java.lang.Double.POSITIVE_INFINITY;

import dev.temper.reference.Elements;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Fills matrices with logits.
 *
 * @param values kind of the values
 * @param spread the logits lie within four times this number, unless they are extreme
 */
record RandomLogits(Values values, double spread) {

  /** Kinds of logits. */
  enum Values {
    FINITE,
    /** Some rows have a NaN, an infinity or absent classes. */
    NON_FINITE,
    /** The largest and smallest finite numbers of the dtype occur, beside NaN, infinities and absent classes. */
    EXTREME
  }

  private static final List<Double> SPREADS = List.of(0.01, 1.0, 4.0);

  static RandomLogits draw(RandomGenerator random) {
    return new RandomLogits(Values.values()[random.nextInt(3)], Combination.pick(random, SPREADS));
  }

  boolean extreme() {
    return values == Values.EXTREME;
  }

  /** Returns the largest difference of two logits that are not extreme. */
  double range() {
    return 8 * spread;
  }

  /** Allocates a matrix whose columns from {@code classes} on are NaN. */
  GuardedMemory matrix(RandomGenerator random, Arena arena, long rows, int classes, int columns, DType dtype) {
    GuardedMemory memory = GuardedMemory.matrix(random, arena, rows, columns, dtype);
    HostMatrix matrix = memory.matrix();
    double[] row = new double[columns];
    for (long i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        double value = Math.clamp(random.nextGaussian(), -4, 4) * spread;
        row[j] = j >= classes ? NaN : extreme() && random.nextInt(4) == 0 ? extreme(random, dtype) : value;
      }
      if (values == Values.NON_FINITE && random.nextInt(4) == 0) {
        row[random.nextInt(classes)] = Combination.pick(random, List.of(NaN, POSITIVE_INFINITY, NEGATIVE_INFINITY,
            NEGATIVE_INFINITY));
      }
      Elements.write(row, matrix, i);
    }
    memory.snapshot();
    return memory;
  }

  private static double extreme(RandomGenerator random, DType dtype) {
    double largest = switch (dtype) {
      case F32 -> Float.MAX_VALUE;
      case BF16 -> 0x1.FEp127;
      case F16 -> 65_504;
      case I32, I64 -> throw new IllegalArgumentException("logits have dtype " + dtype + ", expected a floating one");
    };
    return Combination.pick(random, List.of(-largest, largest, -largest / 2, 1e30, -1e30, 1e-40, -0.0, NaN,
        POSITIVE_INFINITY, NEGATIVE_INFINITY));
  }
}
