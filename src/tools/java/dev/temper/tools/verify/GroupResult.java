package dev.temper.tools.verify;

import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The cases of one group.
 *
 * @param group what they are about
 * @param cases in the order of the grid, at least one
 */
public record GroupResult(CaseGroup group, List<CaseResult> cases) {

  /** How many ended so. */
  public long count(CaseOutcome outcome) {
    return cases.stream().filter(c -> c.outcome() == outcome).count();
  }

  /** The element of all cases that came closest to its bound, or null where nothing finite was compared. */
  public Comparison.@Nullable Worst worst() {
    return cases.stream()
        .map(CaseResult::worst)
        .filter(Objects::nonNull)
        .max(Comparator.comparingDouble(Comparison.Worst::share))
        .orElse(null);
  }
}
