package dev.temper.tools.verify;

import dev.temper.emulator.Defect;
import dev.temper.emulator.Emulator;

/** Holds a handful of cases to the reference on the emulator that the system properties name, and ends with 1 if one fails. */
public final class CheckedGrid {

  private CheckedGrid() {}

  /** Takes the name of the {@link Defect} to plant. */
  public static void main(String[] defect) {
    try (Emulator emulator = Emulator.checked(Defect.valueOf(defect[0]).sources())) {
      Verification verification = new VerificationRun(emulator.engine(), 5).runCases(RowStorageCases.few());
      System.out.print(ResultTable.of(verification));
      System.exit(verification.holds() ? 0 : 1);
    }
  }
}
