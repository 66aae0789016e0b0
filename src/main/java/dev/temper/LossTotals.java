package dev.temper;

import java.util.Objects;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** The numbers of one batch. Immutable; each {@code with} method returns another object. */
public final class LossTotals {

  private final double total;
  private final double soft;
  private final double hard;
  private final long rows;
  private final long countedRows;
  private final long hardCountedRows;
  private final long nonFiniteRows;
  private final OptionalDouble temperatureGradient;

  private LossTotals(double total, double soft, double hard, long rows, long countedRows, long hardCountedRows,
      long nonFiniteRows, OptionalDouble temperatureGradient) {
    this.total = total;
    this.soft = soft;
    this.hard = hard;
    this.rows = rows;
    this.countedRows = countedRows;
    this.hardCountedRows = hardCountedRows;
    this.nonFiniteRows = nonFiniteRows;
    this.temperatureGradient = temperatureGradient;
  }

  /**
   * Returns totals whose parts count the same rows, without a temperature gradient. Each parameter has the meaning of
   * the accessor of its name.
   */
  public static LossTotals of(double total, double soft, double hard, long rows, long countedRows,
      long nonFiniteRows) {
    return new LossTotals(total, soft, hard, rows, countedRows, countedRows, nonFiniteRows, OptionalDouble.empty());
  }

  /** Returns these totals with another number of rows in the hard part. */
  public LossTotals withHardCountedRows(long value) {
    return new LossTotals(total, soft, hard, rows, countedRows, value, nonFiniteRows, temperatureGradient);
  }

  /** Returns these totals with {@code dL/dT}. */
  public LossTotals withTemperatureGradient(double value) {
    return new LossTotals(total, soft, hard, rows, countedRows, hardCountedRows, nonFiniteRows,
        OptionalDouble.of(value));
  }

  /** {@code soft + hard}; NaN for {@link Reduction#NONE}, which has no total. */
  public double total() {
    return total;
  }

  /** The divergence, weighted and reduced; NaN for {@link Reduction#NONE}. */
  public double soft() {
    return soft;
  }

  /** The hard part, weighted and reduced; NaN for {@link Reduction#NONE}. */
  public double hard() {
    return hard;
  }

  /** All rows. */
  public long rows() {
    return rows;
  }

  /** Rows that are not ignored; all rows with {@link IgnoreScope#HARD}. */
  public long countedRows() {
    return countedRows;
  }

  /** Rows that count in the hard part: all rows without the ignored label. */
  public long hardCountedRows() {
    return hardCountedRows;
  }

  /** Counted rows whose loss is infinite or NaN. */
  public long nonFiniteRows() {
    return nonFiniteRows;
  }

  /**
   * The derivative of {@link #total()} with respect to the temperature, or that of the sum for {@link Reduction#NONE}.
   * Empty unless {@link LossOutputs#withTemperatureGradient} requests it.
   */
  public OptionalDouble temperatureGradient() {
    return temperatureGradient;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof LossTotals totals && totals.toString().equals(toString());
  }

  @Override
  public int hashCode() {
    return Objects.hash(total, soft, hard, rows, countedRows, hardCountedRows, nonFiniteRows, temperatureGradient);
  }

  /** Every number by name. The count of the hard part is left out if it equals {@link #countedRows()}. */
  @Override
  public String toString() {
    return "LossTotals[total=" + total + ", soft=" + soft + ", hard=" + hard + ", rows=" + rows + ", countedRows="
        + countedRows + (hardCountedRows == countedRows ? "" : ", hardCountedRows=" + hardCountedRows)
        + ", nonFiniteRows=" + nonFiniteRows
        + (temperatureGradient.isPresent() ? ", temperatureGradient=" + temperatureGradient.getAsDouble() : "") + "]";
  }
}
