package dev.temper.kernel.spec;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.OptionalLong;

/**
 * What the check kernel finds before anything is written: {@code temper::BatchStatus}.
 *
 * @param badLabel first row whose label is out of range
 * @param badWeight first row whose weight is invalid
 * @param badTemperature first row whose temperature is invalid
 * @param countedRows rows that are not ignored
 */
public record BatchStatus(OptionalLong badLabel, OptionalLong badWeight, OptionalLong badTemperature, long countedRows) {

  /** Names, types and order as in C++. */
  public static final StructLayout LAYOUT =
      new Struct().add(JAVA_LONG, "bad_label", "bad_weight", "bad_temperature", "counted_rows").build();

  /** Reads a block of {@link #LAYOUT}. */
  public static BatchStatus read(MemorySegment block) {
    return new BatchStatus(row(block.getAtIndex(JAVA_LONG, 0)), row(block.getAtIndex(JAVA_LONG, 1)),
        row(block.getAtIndex(JAVA_LONG, 2)), block.getAtIndex(JAVA_LONG, 3));
  }

  /** Rows are kept as their complement, so that 0 means none and the largest names the first. */
  private static OptionalLong row(long stored) {
    return stored == 0 ? OptionalLong.empty() : OptionalLong.of(~stored);
  }
}
