package dev.temper.internal;

import java.util.Locale;

/** Finds the known name that is nearest to a mistyped name. */
public final class Names {

  private Names() {}

  /**
   * Returns {@code " (did you mean 'x'?)"} for the known name with the smallest edit distance, or an empty string if no
   * name is near.
   */
  public static String suggestion(String unknown, Iterable<String> known) {
    String wanted = unknown.toLowerCase(Locale.ROOT);
    String nearest = "";
    int best = Math.max(2, wanted.length() / 3) + 1;
    for (String name : known) {
      int distance = editDistance(wanted, name.toLowerCase(Locale.ROOT));
      if (distance < best) {
        best = distance;
        nearest = name;
      }
    }
    return nearest.isEmpty() ? "" : " (did you mean '" + nearest + "'?)";
  }

  /** Returns the Levenshtein distance. Two rows of its table are held at a time. */
  private static int editDistance(String a, String b) {
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] current = new int[b.length() + 1];
      current[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substitution = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(substitution, Math.min(previous[j], current[j - 1]) + 1);
      }
      previous = current;
    }
    return previous[b.length()];
  }
}
