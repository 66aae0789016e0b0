package dev.temper.tools.verify;

import dev.temper.LossEngine;
import dev.temper.diagnostics.SelfCheck;
import java.util.List;

/** The checks that an engine has of its own parts, as cases. */
final class PartChecks {

  private PartChecks() {}

  /**
   * One of them.
   *
   * @param engine whose it is
   * @param seed for the command that runs it alone; the numbers are always the same
   * @param check name in the engine, empty for an engine that has none
   */
  record PartCheck(LossEngine engine, long seed, String check) {

    String name() {
      return CaseGroup.DEVICE_FUNCTIONS.id() + "/" + (check.isEmpty() ? "all" : check);
    }

    CaseResult run() {
      if (check.isEmpty()) {
        return result(CaseOutcome.REFUSED, List.of(engine.device() + " runs no kernels: there is nothing of device.cuh to check"), 0, 0);
      }
      try {
        SelfCheck found = engine.diagnostics().selfCheck(check);
        if (!found.notRun().isEmpty()) {
          return result(CaseOutcome.REFUSED, List.of(found.notRun()), 0, 0);
        }
        boolean holds = found.mismatches() == 0 && found.compared() > 0;
        return result(holds ? CaseOutcome.PASSED : CaseOutcome.FAILED, found.notes(), found.mismatches(), found.compared());
      } catch (RuntimeException e) {
        return result(CaseOutcome.FAILED, List.of(e.toString()), 0, 0);
      }
    }

    private CaseResult result(CaseOutcome outcome, List<String> notes, long mismatches, long compared) {
      return new CaseResult(CaseGroup.DEVICE_FUNCTIONS, name(), 0, outcome, notes, mismatches, compared, null,
          Case.command(engine.device(), seed, name()));
    }
  }

  /** All that the engine has; for an engine that has none, one that says so. */
  static List<PartCheck> of(LossEngine engine, long seed) {
    List<String> names = engine.diagnostics().selfChecks();
    return (names.isEmpty() ? List.of("") : names).stream().map(name -> new PartCheck(engine, seed, name)).toList();
  }
}
