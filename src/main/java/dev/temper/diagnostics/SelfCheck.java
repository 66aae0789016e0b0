package dev.temper.diagnostics;

import java.util.List;

/**
 * What came of one check that an engine makes of its own parts: functions of its kernels, that losses use together and
 * cannot tell apart. {@link EngineDiagnostics#selfCheck} makes it.
 *
 * @param compared values compared
 * @param mismatches how many of them were wrong
 * @param notes the first of these in words: input, found, expected
 * @param notRun why it does not apply to this device; empty where it ran
 */
public record SelfCheck(long compared, long mismatches, List<String> notes, String notRun) {

  /** Keeps a copy of the list. */
  public SelfCheck {
    notes = List.copyOf(notes);
  }

  /** For a device that lacks what the check is about. */
  public static SelfCheck notRun(String reason) {
    return new SelfCheck(0, 0, List.of(), reason);
  }
}
