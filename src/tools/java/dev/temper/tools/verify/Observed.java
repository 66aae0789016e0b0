package dev.temper.tools.verify;

import dev.temper.LossTotals;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a device made of a case.
 */
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

  /** Of a loss; null for primitives and backward passes. */
  @Nullable LossTotals totals() {
    return totals;
  }

  /** [rows] of a forward pass. */
  double @Nullable [] rowSoft() {
    return rowSoft;
  }

  /** [rows] of a forward pass. */
  double @Nullable [] rowHard() {
    return rowHard;
  }

  /** Gradient [rows, student columns], or the primitive's output. */
  double @Nullable [] output() {
    return output;
  }

  /** Inputs that changed and bytes around the outputs that were written. */
  List<String> damage() {
    return damage;
  }
}
