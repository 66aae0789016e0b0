package dev.temper.tools.verify;

import dev.temper.diagnostics.DeviceFacts;
import java.util.List;
import java.util.Optional;

/**
 * The result of a run over the grid.
 *
 * @param device name by which the engine was opened
 * @param description the engine's description of itself
 * @param facts facts of the device; empty for an engine in host memory
 * @param seed seed of the grid's numbers
 * @param milliseconds wall time
 * @param groups every group with a case, in the order of the grid
 */
public record Verification(
    String device, String description, Optional<DeviceFacts> facts, long seed, long milliseconds,
    List<GroupResult> groups) {

  /** Number of cases with an outcome. */
  public long count(CaseOutcome outcome) {
    return groups.stream().mapToLong(g -> g.count(outcome)).sum();
  }

  /** Whether no case failed, and at least one passed. */
  public boolean holds() {
    return count(CaseOutcome.FAILED) == 0 && count(CaseOutcome.PASSED) > 0;
  }

  /** The cases with an outcome. */
  public List<CaseResult> cases(CaseOutcome outcome) {
    return groups.stream().flatMap(g -> g.cases().stream()).filter(c -> c.outcome() == outcome).toList();
  }
}
