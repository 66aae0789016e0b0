package dev.temper;

import java.util.Optional;

/**
 * A handle on the totals of one call. On a device engine the work may still be under way: {@link #totals()} waits for
 * it, and only then are errors that the device found (a label out of range) thrown. A host engine has finished when it
 * returns.
 */
public interface LossResult {

  /**
   * Waits for the work and returns its totals.
   *
   * @throws IllegalArgumentException if a label, row weight, row temperature or denominator in memory is invalid;
   *     nothing was written then
   */
  LossTotals totals();

  /** {@link LossTotals#total()}, waiting for it. */
  default double total() {
    return totals().total();
  }

  /** {@link LossTotals#soft()}, waiting for it. */
  default double soft() {
    return totals().soft();
  }

  /** {@link LossTotals#hard()}, waiting for it. */
  default double hard() {
    return totals().hard();
  }

  /** The memory that a call with a {@link LinearHead} used; empty for a call without one. */
  default Optional<HeadWorkspace> workspace() {
    return Optional.empty();
  }
}
