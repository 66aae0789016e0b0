package dev.temper.internal;

import java.util.Locale;

/** Finds the known name that is nearest to a mistyped name. */
public final class Names {

  /** Length up to which a name is short: most short names are within two edits of each other. */
  private static final int SHORT = 3;

  private Names() {}

  /**
   * Returns {@code " (did you mean 'x'?)"} for the known name with the smallest edit distance, or an empty string if no
   * name is near. A short name is near to a name with the same first letter at a distance of one edit. The dashes of
   * an option do not count as letters.
   */
  public static String suggestion(String unknown, Iterable<String> known) {
    String wanted = unknown.toLowerCase(Locale.ROOT);
    String nearest = "";
    String letters = letters(wanted);
    boolean isShort = letters.length() <= SHORT;
    int best = (isShort ? 1 : Math.max(2, letters.length() / 3)) + 1;
    for (String name : known) {
      String other = name.toLowerCase(Locale.ROOT);
      int distance = editDistance(wanted, other);
      boolean isCandidate = !isShort || first(letters).equals(first(letters(other)));
      if (isCandidate && distance < best) {
        best = distance;
        nearest = name;
      }
    }
    return nearest.isEmpty() ? "" : " (did you mean '" + nearest + "'?)";
  }

  private static String letters(String name) {
    return name.replaceFirst("^-+", "");
  }

  private static String first(String name) {
    return name.substring(0, Math.min(1, name.length()));
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
