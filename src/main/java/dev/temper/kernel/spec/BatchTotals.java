package dev.temper.kernel.spec;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.LossTotals;
import dev.temper.Reduction;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** The result of the totals kernel: {@code temper::BatchTotals}. */
public final class BatchTotals {

  /** Names, types and order as in C++. */
  public static final StructLayout LAYOUT =
      new Struct().add(JAVA_DOUBLE, "total", "soft", "hard").add(JAVA_LONG, "counted_rows", "non_finite_rows").build();

  /** Bytes of the sums of one block of the totals kernel: {@code temper::TotalsPart}. */
  public static final int PART_BYTES = 4 * Double.BYTES;

  private BatchTotals() {}

  /** Reads a block of {@link #LAYOUT}; without a reduction the totals are NaN. */
  public static LossTotals read(MemorySegment block, Reduction reduction, long rows) {
    double none = none(reduction);
    return LossTotals.of(none + block.getAtIndex(JAVA_DOUBLE, 0), none + block.getAtIndex(JAVA_DOUBLE, 1),
        none + block.getAtIndex(JAVA_DOUBLE, 2), rows, block.getAtIndex(JAVA_LONG, 3), block.getAtIndex(JAVA_LONG, 4));
  }

  /** The totals of a launch without a totals kernel. */
  public static LossTotals ofNothing(Reduction reduction, long rows) {
    double none = none(reduction);
    return LossTotals.of(none, none, none, rows, 0, 0);
  }

  private static double none(Reduction reduction) {
    return reduction == Reduction.NONE ? Double.NaN : 0;
  }
}
