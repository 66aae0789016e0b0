package dev.temper.spi.layout;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.OptionalLong;

/**
 * The result of the check of all rows: {@code temper::BatchStatus}. The loss kernel writes nothing if a row is invalid.
 *
 * @param badLabel first row whose label is out of range
 * @param badWeight first row whose weight is invalid
 * @param badTemperature first row whose temperature is invalid
 * @param badTeacher first row whose list of classes or row index is invalid; any row for an invalid class map
 * @param badMass first row whose probabilities do not sum to 1, which the loss kernel finds
 * @param labelledRows rows whose label is not ignoreIndex; all rows without labels
 */
public record BatchStatus(OptionalLong badLabel, OptionalLong badWeight, OptionalLong badTemperature,
    OptionalLong badTeacher, OptionalLong badMass, long labelledRows) {

  /** Names, types and order as in C++. */
  public static final StructLayout LAYOUT = MemoryLayout.structLayout(JAVA_LONG.withName("bad_label"),
      JAVA_LONG.withName("bad_weight"), JAVA_LONG.withName("bad_temperature"),
      JAVA_LONG.withName("bad_teacher"), JAVA_LONG.withName("bad_mass"), JAVA_LONG.withName("labelled_rows"));

  /** Returns whether the check found no invalid row, so that the loss kernel wrote its outputs. */
  public boolean isValid() {
    return badLabel.isEmpty() && badWeight.isEmpty() && badTemperature.isEmpty() && badTeacher.isEmpty();
  }

  /** Reads a block of {@link #LAYOUT}. */
  public static BatchStatus read(MemorySegment block) {
    return new BatchStatus(row(block.getAtIndex(JAVA_LONG, 0)), row(block.getAtIndex(JAVA_LONG, 1)),
        row(block.getAtIndex(JAVA_LONG, 2)), row(block.getAtIndex(JAVA_LONG, 3)),
        row(block.getAtIndex(JAVA_LONG, 4)), block.getAtIndex(JAVA_LONG, 5));
  }

  /** Rows are stored as their complement: 0 means none, and the kernel keeps the first row as the largest value. */
  private static OptionalLong row(long stored) {
    return stored == 0 ? OptionalLong.empty() : OptionalLong.of(~stored);
  }
}
