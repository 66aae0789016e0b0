package dev.temper.tools.verify;

import dev.temper.LossTotals;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The results of a device. */
final class Observed {

  private final @Nullable LossTotals totals;
  private final double @Nullable [] rowSoft;
  private final double @Nullable [] rowHard;
  private final double @Nullable [] output;
  private final List<String> damage;

  Observed(
      @Nullable LossTotals totals, double @Nullable [] rowSoft, double @Nullable [] rowHard,
      double @Nullable [] output, List<String> damage) {
    this.totals = totals;
    this.rowSoft = rowSoft;
    this.rowHard = rowHard;
    this.output = output;
    this.damage = damage;
  }

  /** Totals of a loss; null for primitives and backward passes. */
  @Nullable LossTotals totals() {
    return totals;
  }

  /** Soft losses [rows] of a forward pass. */
  double @Nullable [] rowSoft() {
    return rowSoft;
  }

  /** Cross-entropies [rows] of a forward pass. */
  double @Nullable [] rowHard() {
    return rowHard;
  }

  /** Gradient [rows, student columns], or the output of a primitive. */
  double @Nullable [] output() {
    return output;
  }

  /** Changes of the inputs and of the bytes around the outputs, in words. */
  List<String> damage() {
    return damage;
  }
}
