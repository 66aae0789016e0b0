package dev.temper.tools.verify;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** Rows of choices such that each pair of values of two parameters occurs in at least one row. */
final class Pairwise {

  /** Number of candidates for a row, of which the one with the most new pairs is chosen. */
  private static final int CANDIDATES = 24;

  private Pairwise() {}

  /**
   * Chooses rows greedily, with a fixed seed.
   *
   * @param sizes number of values of each parameter
   * @return the index of a value for each parameter, in each row
   */
  static List<int[]> of(long seed, int... sizes) {
    SplittableRandom random = new SplittableRandom(seed);
    Set<Long> open = new HashSet<>();
    for (int a = 0; a < sizes.length; a++) {
      for (int b = a + 1; b < sizes.length; b++) {
        for (int i = 0; i < sizes[a]; i++) {
          for (int j = 0; j < sizes[b]; j++) {
            open.add(pair(a, i, b, j));
          }
        }
      }
    }
    List<int[]> rows = new ArrayList<>();
    while (!open.isEmpty()) {
      int[] best = row(open.iterator().next(), sizes, random);
      for (int k = 1; k < CANDIDATES; k++) {
        int[] other = row(open.iterator().next(), sizes, random);
        best = newPairs(other, open) > newPairs(best, open) ? other : best;
      }
      for (int a = 0; a < sizes.length; a++) {
        for (int b = a + 1; b < sizes.length; b++) {
          open.remove(pair(a, best[a], b, best[b]));
        }
      }
      rows.add(best);
    }
    return rows;
  }

  /** A random row with one pair fixed. */
  private static int[] row(long pair, int[] sizes, SplittableRandom random) {
    int[] row = new int[sizes.length];
    for (int a = 0; a < row.length; a++) {
      row[a] = random.nextInt(sizes[a]);
    }
    row[(int) (pair >> 24 & 0xFF)] = (int) (pair >> 16 & 0xFF);
    row[(int) (pair >> 8 & 0xFF)] = (int) (pair & 0xFF);
    return row;
  }

  private static int newPairs(int[] row, Set<Long> open) {
    int count = 0;
    for (int a = 0; a < row.length; a++) {
      for (int b = a + 1; b < row.length; b++) {
        count += open.contains(pair(a, row[a], b, row[b])) ? 1 : 0;
      }
    }
    return count;
  }

  private static long pair(int a, int i, int b, int j) {
    return (long) a << 24 | i << 16 | b << 8 | j;
  }
}
