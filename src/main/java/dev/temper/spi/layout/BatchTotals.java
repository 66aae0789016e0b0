package dev.temper.spi.layout;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.LossTotals;
import dev.temper.Reduction;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** The sums over all rows: {@code temper::BatchTotals}. */
public final class BatchTotals {

  /** Names, types and order as in C++. */
  public static final StructLayout LAYOUT = MemoryLayout.structLayout(JAVA_DOUBLE.withName("total"),
      JAVA_DOUBLE.withName("soft"), JAVA_DOUBLE.withName("hard"), JAVA_DOUBLE.withName("temperature_gradient"),
      JAVA_LONG.withName("counted_rows"), JAVA_LONG.withName("hard_counted_rows"),
      JAVA_LONG.withName("non_finite_rows"), JAVA_LONG.withName("bad_denominators"));

  /** Bytes of the sums of one block of the totals kernel: {@code temper::TotalsPart}. */
  public static final int PART_BYTES = 4 * Double.BYTES;

  private BatchTotals() {}

  /** Reads a block of {@link #LAYOUT}; without a reduction the totals are NaN. */
  public static LossTotals read(MemorySegment block, Reduction reduction, long rows) {
    double none = none(reduction);
    return LossTotals.of(none + block.getAtIndex(JAVA_DOUBLE, 0), none + block.getAtIndex(JAVA_DOUBLE, 1),
        none + block.getAtIndex(JAVA_DOUBLE, 2), rows, block.getAtIndex(JAVA_LONG, 4),
        block.getAtIndex(JAVA_LONG, 6))
        .withHardCountedRows(block.getAtIndex(JAVA_LONG, 5));
  }

  /** Returns the derivative with respect to the temperature, which is 0 in a call without it. */
  public static double temperatureGradient(MemorySegment block) {
    return block.getAtIndex(JAVA_DOUBLE, 3);
  }

  /**
   * Returns the bits of the invalid denominators in memory: bit 0 for that of the soft part, bit 1 for that of the hard
   * part.
   */
  public static long badDenominators(MemorySegment block) {
    return block.getAtIndex(JAVA_LONG, 7);
  }

  /** The totals of a launch without a report. */
  public static LossTotals ofNothing(Reduction reduction, long rows) {
    double none = none(reduction);
    return LossTotals.of(none, none, none, rows, 0, 0);
  }

  private static double none(Reduction reduction) {
    return reduction == Reduction.NONE ? Double.NaN : 0;
  }
}
