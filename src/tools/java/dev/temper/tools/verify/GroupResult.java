package dev.temper.tools.verify;

import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The cases of one group.
 *
 * @param group the group
 * @param cases in the order of the grid, at least one
 */
public record GroupResult(CaseGroup group, List<CaseResult> cases) {

  /** Number of cases with an outcome. */
  public long count(CaseOutcome outcome) {
    return cases.stream().filter(c -> c.outcome() == outcome).count();
  }

  /** The element of all cases nearest its bound; null if no finite element was compared. */
  public Comparison.@Nullable Worst worst() {
    return cases.stream()
        .map(CaseResult::worst)
        .filter(Objects::nonNull)
        .max(Comparator.comparingDouble(Comparison.Worst::share))
        .orElse(null);
  }
}
