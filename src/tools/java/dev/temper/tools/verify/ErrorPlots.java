package dev.temper.tools.verify;

import java.util.List;

/** Plots with one dot for each case: its worst error over its bound. */
final class ErrorPlots {

  private static final String PASSED = "#2b6cb0";
  private static final String FAILED = "#b3261e";
  private static final double LOWEST = -5;

  private ErrorPlots() {}

  /** One row of dots for each group with a bound above 0. */
  static String byGroup(Verification verification) {
    List<GroupResult> groups = verification.groups().stream().filter(g -> !g.group().isExact()).toList();
    LogAxes axes = new LogAxes(960, 60 + 18 * groups.size(), 150, LOWEST, 0.5, -groups.size(), 1);
    axes.verticals("worst error / bound");
    axes.line(new double[] {0, 0}, new double[] {-groups.size(), 1}, FAILED, "4 3");
    for (int i = 0; i < groups.size(); i++) {
      axes.rowLabel(-i, groups.get(i).group().id());
      for (CaseResult c : groups.get(i).cases()) {
        dot(axes, c, -i, true);
      }
    }
    return axes.end();
  }

  /** The dots of all cases over their number of classes. */
  static String byClasses(Verification verification) {
    LogAxes axes = new LogAxes(960, 360, 0, 0, 5.6, LOWEST, 0.5);
    axes.verticals("classes").horizontals("worst error / bound");
    axes.line(new double[] {0, 5.6}, new double[] {0, 0}, FAILED, "4 3");
    for (GroupResult group : verification.groups()) {
      if (!group.group().isExact()) {
        group.cases().forEach(c -> dot(axes, c, Math.log10(c.classes()), false));
      }
    }
    return axes.end();
  }

  private static void dot(LogAxes axes, CaseResult c, double place, boolean shareIsX) {
    Comparison.Worst worst = c.worst();
    if (worst == null || worst.share() == 0) {
      return;
    }
    double share = Math.log10(worst.share());
    String colour = c.outcome() == CaseOutcome.FAILED ? FAILED : PASSED;
    axes.dot(shareIsX ? share : place, shareIsX ? place : share, colour, c.name() + ": " + worst.what());
  }
}
