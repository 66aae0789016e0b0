package dev.temper.tools.verify;

import dev.temper.emulator.Defect;
import dev.temper.emulator.Emulator;
import java.util.List;

/** Runs a few cases on the emulator of the system properties, and exits with 1 if one fails. */
public final class CheckedGrid {

  private CheckedGrid() {}

  /** The argument is the name of a {@link Defect}, which is planted into the sources. */
  public static void main(String[] defect) {
    Defect planted = Defect.valueOf(defect[0]);
    List<Case> cases = planted == Defect.NONE ? RowStorageCases.few()
        : planted.isOfRing() ? RowStorageCases.inRings() : RowStorageCases.forDefects();
    try (Emulator emulator = Emulator.checked(planted.sources())) {
      Verification verification = new VerificationRun(emulator.engine(), 5).runCases(cases);
      System.out.print(ResultTable.of(verification));
      System.exit(verification.holds() ? 0 : 1);
    }
  }
}
