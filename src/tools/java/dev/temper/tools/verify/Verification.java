package dev.temper.tools.verify;

import dev.temper.diagnostics.DeviceFacts;
import java.util.List;
import java.util.Optional;

/**
 * The outcome of a run over the grid.
 *
 * @param device name the engine was opened by
 * @param description what computed, in the engine's words
 * @param facts what the device told of itself, if it is one
 * @param seed of the grid's numbers
 * @param milliseconds wall time
 * @param groups every group that had a case, in the order of the grid
 */
public record Verification(
    String device, String description, Optional<DeviceFacts> facts, long seed, long milliseconds, List<GroupResult> groups) {

  /** How many cases ended so. */
  public long count(CaseOutcome outcome) {
    return groups.stream().mapToLong(g -> g.count(outcome)).sum();
  }

  /** Whether no case failed, and at least one passed. */
  public boolean holds() {
    return count(CaseOutcome.FAILED) == 0 && count(CaseOutcome.PASSED) > 0;
  }

  /** The cases that ended so. */
  public List<CaseResult> cases(CaseOutcome outcome) {
    return groups.stream().flatMap(g -> g.cases().stream()).filter(c -> c.outcome() == outcome).toList();
  }
}
