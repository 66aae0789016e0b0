package dev.temper.tools.verify;

import dev.temper.LossTotals;
import dev.temper.RowOutput;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The results of a device.
 *
 * @param totals totals of a loss; null for primitives and backward passes
 * @param rows the row outputs of the call, [rows] each
 * @param output gradient [rows, student columns], or the output of a primitive
 * @param damage changes of the inputs and of the bytes around the outputs, in words
 */
@SuppressWarnings("ArrayRecordComponent") // the arrays live for one comparison
record Observed(@Nullable LossTotals totals, Map<RowOutput, double[]> rows, double @Nullable [] output,
    List<String> damage) {

  /** Soft losses [rows] of a forward pass. */
  double @Nullable [] rowSoft() {
    return rows.get(RowOutput.SOFT);
  }

  /** Cross-entropies [rows] of a forward pass. */
  double @Nullable [] rowHard() {
    return rows.get(RowOutput.HARD);
  }
}
