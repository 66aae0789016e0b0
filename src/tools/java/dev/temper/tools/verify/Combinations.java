package dev.temper.tools.verify;

import dev.temper.Divergence;
import dev.temper.LossArgumentException;
import dev.temper.tools.verify.FamilyChoices.Change;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Pairwise combinations of the choices of {@link FamilyChoices}.
 *
 * @param parameters changes of a case; one of each list is applied
 * @param kinds number of values of a further choice, which {@code start} applies; 0 without one
 * @param start makes a case without divergence, content and changes
 * @param isAllowed whether the options of a case fit together and its bounds mean something
 */
record Combinations(List<List<Change>> parameters, int kinds, Start start, Predicate<Case> isAllowed) {

  /** Makes a case without divergence, content and changes. */
  @FunctionalInterface
  interface Start {
    /** Returns the case for row {@code number} of the combinations and value {@code kind} of the further choice. */
    CaseBuilder of(int number, int kind);
  }

  /** Adds the cases of one round. Each round has other rows. A row whose options exclude each other is left out. */
  void add(List<Case> cases, long seed, int round) {
    int first = parameters.size();
    int[] sizes = new int[first + (kinds > 0 ? 3 : 2)];
    for (int i = 0; i < first; i++) {
      sizes[i] = parameters.get(i).size();
    }
    sizes[first] = FamilyChoices.DIVERGENCES.size();
    sizes[first + 1] = FamilyChoices.CONTENTS.size();
    if (kinds > 0) {
      sizes[first + 2] = kinds;
    }
    List<int[]> rows = Pairwise.of(seed + round, sizes);
    for (int number = 0; number < rows.size(); number++) {
      int[] row = rows.get(number);
      String divergence = FamilyChoices.DIVERGENCES.get(row[first]);
      List<Case> one = new ArrayList<>();
      try {
        CaseBuilder builder = start.of(number, kinds > 0 ? row[first + 2] : 0).soft(Divergence.parse(divergence))
            .content(FamilyChoices.CONTENTS.get(row[first + 1]));
        for (int i = 0; i < first; i++) {
          builder = parameters.get(i).get(row[i]).apply(builder);
        }
        builder.add(one, divergence + "-" + round + "." + number);
      } catch (LossArgumentException e) {
        continue; // options that exclude each other
      }
      one.stream().filter(isAllowed).forEach(cases::add);
    }
  }
}
