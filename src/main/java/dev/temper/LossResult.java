package dev.temper;

import java.util.Optional;

/**
 * A handle on the totals of one call. On a device engine the call may return before the work is complete. {@link
 * #totals()} then waits for the work, and throws for invalid values that the device found, such as a label out of
 * range. On a host engine the work is complete when the call returns.
 */
public interface LossResult {

  /**
   * Waits for the work and returns its totals.
   *
   * @throws IllegalArgumentException if a label, row weight, row temperature or denominator in memory is invalid;
   *     nothing was written then
   */
  LossTotals totals();

  /** Waits for the work and returns {@link LossTotals#total()}. */
  default double total() {
    return totals().total();
  }

  /** Waits for the work and returns {@link LossTotals#soft()}. */
  default double soft() {
    return totals().soft();
  }

  /** Waits for the work and returns {@link LossTotals#hard()}. */
  default double hard() {
    return totals().hard();
  }

  /** The memory that a call with a {@link LinearHead} used; empty for a call without one. */
  default Optional<HeadWorkspace> workspace() {
    return Optional.empty();
  }
}
