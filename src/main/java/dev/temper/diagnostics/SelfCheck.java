package dev.temper.diagnostics;

import java.util.List;

/**
 * The result of {@link EngineDiagnostics#selfCheck}: a test of one function of the kernels. A wrong loss alone would
 * not show which function is wrong.
 *
 * @param compared values compared
 * @param mismatches number of wrong values among them
 * @param notes the first mismatches in words: input, found, expected
 * @param notRun why the check does not apply to this device; empty if it ran
 */
public record SelfCheck(long compared, long mismatches, List<String> notes, String notRun) {

  /** Keeps a copy of the list. */
  public SelfCheck {
    notes = List.copyOf(notes);
  }

  /** Returns the result for a device without the function under test. */
  public static SelfCheck notRun(String reason) {
    return new SelfCheck(0, 0, List.of(), reason);
  }
}
