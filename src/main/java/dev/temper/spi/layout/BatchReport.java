package dev.temper.spi.layout;

import dev.temper.LossTotals;
import dev.temper.Reduction;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * The report of a launch: {@code temper::BatchReport}. The last kernel writes it to mapped host memory, and the CPU
 * engine to the memory of its caller.
 */
public final class BatchReport {

  /** Names, types and order as in C++. */
  public static final StructLayout LAYOUT =
      MemoryLayout.structLayout(BatchStatus.LAYOUT.withName("status"), BatchTotals.LAYOUT.withName("totals"));

  private static final long TOTALS = LAYOUT.byteOffset(PathElement.groupElement("totals"));

  private BatchReport() {}

  /** The result of the check. */
  public static BatchStatus status(MemorySegment report) {
    return BatchStatus.read(report);
  }

  /** The totals, which are undefined if the check found an invalid row. */
  public static LossTotals totals(MemorySegment report, Reduction reduction, long rows) {
    return BatchTotals.read(report.asSlice(TOTALS), reduction, rows);
  }

  /** Returns {@link BatchTotals#temperatureGradient}. */
  public static double temperatureGradient(MemorySegment report) {
    return BatchTotals.temperatureGradient(report.asSlice(TOTALS));
  }

  /** Returns {@link BatchTotals#badDenominators}. */
  public static long badDenominators(MemorySegment report) {
    return BatchTotals.badDenominators(report.asSlice(TOTALS));
  }
}
