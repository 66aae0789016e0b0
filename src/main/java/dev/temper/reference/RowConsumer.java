package dev.temper.reference;

/** Receives the rows of a batch in order. */
@FunctionalInterface
public interface RowConsumer {

  /**
   * Receives one row.
   *
   * @param row row number, counted from 0
   * @param soft {@code T^2 D} before weights and reduction; 0 for an ignored row
   * @param hard cross-entropy before weights and reduction; 0 for an ignored row
   * @param gradient gradient of the reduced loss for the student logits of this row, times gradientScale; the array has
   *     the width of the student, holds 0 in padding columns, and is valid during the call only
   */
  void row(long row, double soft, double hard, double[] gradient);
}
