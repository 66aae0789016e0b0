package dev.temper.kernel.probe;

import dev.temper.diagnostics.SelfCheck;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Counts the wrong results of a device function, and describes the first ones. */
final class ProbeComparison {

  private static final int SHOWN = 5;

  private final List<String> notes = new ArrayList<>();
  private long compared;
  private long mismatches;

  /** Compares two words. */
  void same(String what, long index, int found, int expected) {
    judge(found == expected, what, index, found, String.format(Locale.ROOT, "0x%08x", expected));
  }

  /** Counts a word. {@code holds} says whether it is right. */
  void judge(boolean holds, String what, long index, int found, String expected) {
    compared++;
    if (!holds) {
      mismatches++;
      if (notes.size() < SHOWN) {
        notes.add(String.format(Locale.ROOT, "%s %d: found 0x%08x, expected %s", what, index, found, expected));
      }
    }
  }

  SelfCheck outcome() {
    return new SelfCheck(compared, mismatches, notes, "");
  }
}
