package dev.temper.tools.verify;

import dev.temper.LossEngine;
import dev.temper.diagnostics.SelfCheck;
import java.util.List;

/** The self-checks of an engine as cases. */
final class PartChecks {

  private PartChecks() {}

  /**
   * One self-check.
   *
   * @param engine the engine
   * @param seed seed in the command of the case; a self-check has the same numbers for every seed
   * @param check name of the self-check; empty for an engine that has none
   */
  record PartCheck(LossEngine engine, long seed, String check) {

    String name() {
      return CaseGroup.DEVICE_FUNCTIONS.id() + "/" + (check.isEmpty() ? "all" : check);
    }

    CaseResult run() {
      if (check.isEmpty()) {
        return result(CaseOutcome.REFUSED,
            List.of(engine.device() + " runs no kernels: there is nothing of device.cuh to check; --device cuda and"
                + " --device emulator run them"), 0, 0);
      }
      try {
        SelfCheck found = engine.diagnostics().selfCheck(check);
        if (!found.notRun().isEmpty()) {
          return result(CaseOutcome.REFUSED, List.of(found.notRun()), 0, 0);
        }
        boolean holds = found.mismatches() == 0 && found.compared() > 0;
        return result(holds ? CaseOutcome.PASSED : CaseOutcome.FAILED, found.notes(), found.mismatches(),
            found.compared());
      } catch (RuntimeException e) {
        return result(CaseOutcome.FAILED, List.of(e.toString()), 0, 0);
      }
    }

    private CaseResult result(CaseOutcome outcome, List<String> notes, long mismatches, long compared) {
      return new CaseResult(CaseGroup.DEVICE_FUNCTIONS, name(), 0, outcome, notes, mismatches, compared, null, null,
          Case.command(engine.device(), seed, name()));
    }
  }

  /** Returns all self-checks of the engine, or one refused check if the engine has none. */
  static List<PartCheck> of(LossEngine engine, long seed) {
    List<String> names = engine.diagnostics().selfChecks();
    return (names.isEmpty() ? List.of("") : names).stream().map(name -> new PartCheck(engine, seed, name)).toList();
  }
}
