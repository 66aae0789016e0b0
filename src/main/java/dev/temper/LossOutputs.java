package dev.temper;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one call writes: views of memory that the caller owns, all optional. Immutable; each {@code with} method returns
 * another object.
 */
public final class LossOutputs {

  private static final LossOutputs NONE = new LossOutputs(null, false, null, null, null);

  private final @Nullable MatrixView gradient;
  private final boolean inPlace;
  private final @Nullable RowVector rowSoft;
  private final @Nullable RowVector rowHard;
  private final @Nullable RowStatistics statistics;

  private LossOutputs(@Nullable MatrixView gradient, boolean inPlace, @Nullable RowVector rowSoft,
      @Nullable RowVector rowHard,
      @Nullable RowStatistics statistics) {
    this.gradient = gradient;
    this.inPlace = inPlace;
    this.rowSoft = rowSoft;
    this.rowHard = rowHard;
    this.statistics = statistics;
  }

  /** Totals only. */
  public static LossOutputs none() {
    return NONE;
  }

  /**
   * The gradient, in memory that overlaps no input. It replaces what the memory held; padding columns are written as 0.
   *
   * @param gradient [rows, classes of the student], in the student's dtype or F32
   */
  public static LossOutputs gradient(MatrixView gradient) {
    return new LossOutputs(Objects.requireNonNull(gradient), false, null, null, null);
  }

  /**
   * The gradient in the place of the student's logits, which are lost.
   *
   * @param student the very view that is the student in the inputs
   */
  public static LossOutputs gradientInPlace(MatrixView student) {
    return new LossOutputs(Objects.requireNonNull(student), true, null, null, null);
  }

  /**
   * With the soft loss of each row, in nats: {@code T^2 D} ({@code D} with temperature scaling off), before weights and
   * reduction, 0 for ignored rows.
   *
   * @param value [rows] F32, see {@link RowVector#losses}
   */
  public LossOutputs withRowSoft(@Nullable RowVector value) {
    return new LossOutputs(gradient, inPlace, value, rowHard, statistics);
  }

  /**
   * With the cross-entropy of each row, in nats, before weights and reduction, 0 for ignored rows.
   *
   * @param value [rows] F32, see {@link RowVector#losses}
   */
  public LossOutputs withRowHard(@Nullable RowVector value) {
    return new LossOutputs(gradient, inPlace, rowSoft, value, statistics);
  }

  /**
   * With the row statistics that a later {@link LossEngine#backward} reads.
   *
   * @param value from {@link LossEngine#allocateStatistics} of the engine that computes
   */
  public LossOutputs withStatistics(@Nullable RowStatistics value) {
    return new LossOutputs(gradient, inPlace, rowSoft, rowHard, value);
  }

  /** Where the gradient is written, [rows, classes of the student]; null where none is wanted. */
  public @Nullable MatrixView gradient() {
    return gradient;
  }

  /** Whether the gradient replaces the student's logits. */
  public boolean inPlace() {
    return inPlace;
  }

  /** Where the soft loss of each row is written; null where it is not wanted. */
  public @Nullable RowVector rowSoft() {
    return rowSoft;
  }

  /** Where the cross-entropy of each row is written; null where it is not wanted. */
  public @Nullable RowVector rowHard() {
    return rowHard;
  }

  /** Where row statistics are kept for a backward call; null where none are wanted. */
  public @Nullable RowStatistics statistics() {
    return statistics;
  }

  private Map<String, @Nullable Object> values() {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put(inPlace ? "gradientInPlace" : "gradient", gradient);
    values.put("rowSoft", rowSoft);
    values.put("rowHard", rowHard);
    values.put("statistics", statistics);
    values.values().removeIf(Objects::isNull);
    return values;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof LossOutputs outputs && outputs.values().equals(values());
  }

  @Override
  public int hashCode() {
    return values().hashCode();
  }

  /** What is written, by name. */
  @Override
  public String toString() {
    return "LossOutputs" + values();
  }
}
