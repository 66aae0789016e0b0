package dev.temper.tools.verify;

import dev.temper.emulator.Defect;
import dev.temper.emulator.Emulator;
import java.util.List;

/**
 * Runs a few cases on the emulator of the system properties, and exits with 1 if one fails. A run with a defect that
 * changes values ends at the first failed case, because each case compiles kernels.
 */
public final class CheckedGrid {

  private CheckedGrid() {}

  /** The argument is the name of a {@link Defect}, which is planted into the sources. */
  public static void main(String[] defect) {
    Defect planted = Defect.valueOf(defect[0]);
    List<Case> cases = planted == Defect.NONE ? RowStorageCases.few()
        : planted.isOfRing() ? RowStorageCases.inRings() : RowStorageCases.forDefects();
    boolean holds = true;
    try (Emulator emulator = Emulator.checked(planted.sources())) {
      VerificationRun run = new VerificationRun(emulator.engine(), 5);
      for (Case one : cases) {
        Verification verification = run.runCases(List.of(one));
        System.out.print(verification.holds() ? "" : ResultTable.of(verification));
        holds &= verification.holds();
        if (!holds && !planted.isFoundBySanitizer()) {
          break;
        }
      }
    }
    System.exit(holds ? 0 : 1);
  }
}
