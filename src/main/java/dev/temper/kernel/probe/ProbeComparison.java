package dev.temper.kernel.probe;

import dev.temper.diagnostics.SelfCheck;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Counts what a device function got wrong, and keeps the first cases in words. */
final class ProbeComparison {

  private static final int SHOWN = 5;

  private final List<String> notes = new ArrayList<>();
  private long compared;
  private long mismatches;

  /** Two words that must be the same; {@code index} says which. */
  void same(String what, long index, int found, int expected) {
    judge(found == expected, what, index, found, String.format(Locale.ROOT, "0x%08x", expected));
  }

  /** A word for which {@code holds} has been decided. */
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
