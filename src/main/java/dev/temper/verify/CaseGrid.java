package dev.temper.verify;

import dev.temper.Names;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** All cases, in the order of their groups. */
public final class CaseGrid {

  private CaseGrid() {}

  /** The cases of a level. */
  static List<Case> of(Level level) {
    return all().stream().filter(c -> level.contains(c.level())).toList();
  }

  /**
   * One case.
   *
   * @throws IllegalArgumentException if no case has that name
   */
  static List<Case> named(String name) {
    List<Case> found = all().stream().filter(c -> c.name().equals(name)).toList();
    if (found.isEmpty()) {
      List<String> known = all().stream().map(Case::name).toList();
      throw new IllegalArgumentException("case: no case is named '" + name + "'" + Names.suggestion(name, known)
          + "; expected GROUP/CASE as the table names failing cases");
    }
    return found;
  }

  private static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    LossCases.add(cases);
    ShapeCases.add(cases);
    RowCases.add(cases);
    EdgeCases.add(cases);
    InvariantCases.add(cases);
    PrimitiveCases.add(cases);
    Set<String> names = new HashSet<>();
    for (Case c : cases) {
      if (!names.add(c.name())) {
        throw new IllegalStateException("two cases are named " + c.name());
      }
    }
    return cases;
  }
}
