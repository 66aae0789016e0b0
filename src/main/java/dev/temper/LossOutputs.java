package dev.temper;

import org.jspecify.annotations.Nullable;

/**
 * What one call writes: views over caller-owned memory, all optional.
 *
 * @param gradient [rows, classes of the student], in the student's dtype or F32; padding columns are written as 0
 * @param inPlace whether the gradient may replace the student's logits; it must then be the very same view
 * @param rowSoft [rows] F32: {@code T^2 D} of each row (D with temperature scaling off), before weights and reduction, 0 for
 *     ignored rows
 * @param rowHard [rows] F32: CE of each row, before weights and reduction, 0 for ignored rows
 * @param statistics [rows, {@link LossEngine#STATISTICS_COLUMNS}] F32, saved by a forward call for a later {@link
 *     LossEngine#backward}; opaque, valid for the same engine kind, loss and logits
 */
public record LossOutputs(
    @Nullable LogitMatrix gradient,
    boolean inPlace,
    @Nullable RowVector rowSoft,
    @Nullable RowVector rowHard,
    @Nullable LogitMatrix statistics) {

  private static final LossOutputs NONE = new LossOutputs(null, false, null, null, null);

  /** Totals only. */
  public static LossOutputs none() {
    return NONE;
  }

  /** The gradient, in memory that overlaps no input. */
  public static LossOutputs gradient(LogitMatrix gradient) {
    return new LossOutputs(gradient, false, null, null, null);
  }

  /** The gradient over the student's own logits, which are lost. */
  public static LossOutputs gradientInPlace(LogitMatrix student) {
    return new LossOutputs(student, true, null, null, null);
  }

  /** With the soft loss of each row. */
  public LossOutputs withRowSoft(RowVector value) {
    return new LossOutputs(gradient, inPlace, value, rowHard, statistics);
  }

  /** With the cross-entropy of each row. */
  public LossOutputs withRowHard(RowVector value) {
    return new LossOutputs(gradient, inPlace, rowSoft, value, statistics);
  }

  /** With the row statistics for a later backward call. */
  public LossOutputs withStatistics(LogitMatrix value) {
    return new LossOutputs(gradient, inPlace, rowSoft, rowHard, value);
  }
}
