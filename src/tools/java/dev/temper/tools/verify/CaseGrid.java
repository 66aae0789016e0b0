package dev.temper.tools.verify;

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

  /** Returns whether all cases of a group belong to {@link Level#FULL}. */
  public static boolean needsFull(CaseGroup group) {
    List<Case> cases = all().stream().filter(c -> c.group() == group).toList();
    return !cases.isEmpty() && cases.stream().allMatch(c -> c.level() == Level.FULL);
  }

  /** The cases of every level. */
  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    LossCases.add(cases);
    ShapeCases.add(cases);
    RowCases.add(cases);
    EdgeCases.add(cases);
    InvariantCases.add(cases);
    PrimitiveCases.add(cases);
    FamilyCases.add(cases);
    TeacherCases.add(cases);
    Set<String> names = new HashSet<>();
    for (Case c : cases) {
      if (!names.add(c.name())) {
        throw new IllegalStateException("two cases are named " + c.name());
      }
    }
    return cases;
  }
}
