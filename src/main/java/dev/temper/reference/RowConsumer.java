package dev.temper.reference;

/** Receives the rows of a batch, one after the other. */
@FunctionalInterface
public interface RowConsumer {

  /**
   * Takes one row.
   *
   * @param row its number, from 0
   * @param soft {@code T^2 D} before weights and reduction; 0 for an ignored row
   * @param hard cross-entropy before weights and reduction; 0 for an ignored row
   * @param gradient gradient of the reduced loss by this row's student logits, times gradientScale; as wide as the student,
   *     with 0 in padding columns; valid during the call only
   */
  void row(long row, double soft, double hard, double[] gradient);
}
