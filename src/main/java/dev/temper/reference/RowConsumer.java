package dev.temper.reference;

import dev.temper.RowOutput;
import java.util.function.ToDoubleFunction;

/** Receives the rows of a batch in order. */
@FunctionalInterface
public interface RowConsumer {

  /**
   * Receives one row.
   *
   * @param row row number, counted from 0
   * @param values row outputs, which are computed when they are read; valid during the call only
   * @param gradient gradient of the reduced loss for the student logits of this row, times gradientScale; the array has
   *     the width of the student, holds 0 in padding columns, and is valid during the call only
   */
  void row(long row, ToDoubleFunction<RowOutput> values, double[] gradient);
}
