package dev.temper.head;

import dev.temper.HeadWorkspace;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import java.util.Optional;

/**
 * The result of a call with a head.
 *
 * @param sums result of the batch, which may not be complete yet
 * @param used memory of the chunks
 */
record HeadResult(LossResult sums, HeadWorkspace used) implements LossResult {

  @Override
  public LossTotals totals() {
    return sums.totals();
  }

  @Override
  public Optional<HeadWorkspace> workspace() {
    return Optional.of(used);
  }
}
