package dev.temper.tools.verify;

import java.util.Comparator;
import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/** The results as text: a summary, with or without the errors of each group and the formulas of their bounds. */
public final class ResultTable {

  private static final int COLUMNS = 110;

  private ResultTable() {}

  /** The failed cases, the groups with refusals, and a summary in the last lines. */
  public static String of(Verification verification) {
    Formatter text = new Formatter(Locale.ROOT);
    failures(text, verification);
    refusals(text, verification);
    summary(text, verification);
    return text.toString();
  }

  /** The same after a line for each group, the formulas of the bounds, and the reasons of the refusals. */
  public static String explained(Verification verification) {
    Formatter text = new Formatter(Locale.ROOT);
    text.format("%-26s %5s %6s %7s  %-9s %-9s %7s  %s%n",
        "group", "cases", "failed", "refused", "worst", "its bound", "share", "bound");
    for (GroupResult result : verification.groups()) {
      group(text, result);
    }
    text.format("%n");
    text.format("bounds (u = 2^-24, C classes, T temperature, z student, u teacher logits, q and p their softmax):%n");
    for (BoundFormula formula : BoundFormula.values()) {
      text.format("  %-3s %s%n", formula.symbol(), formula.text());
    }
    text.format("%n");
    for (GroupResult result : verification.groups()) {
      result.cases().stream().filter(c -> c.outcome() == CaseOutcome.REFUSED).findFirst().ifPresent(c ->
          text.format("refused %s, %d cases: %s%n", result.group().id(), result.count(CaseOutcome.REFUSED), c.notes()
              .getFirst()));
    }
    failures(text, verification);
    summary(text, verification);
    return text.toString();
  }

  private static void group(Formatter text, GroupResult result) {
    Comparison.Worst worst = result.worst();
    String error = "-";
    String bound = "-";
    String share = "-";
    if (result.group().isExact()) {
      bound = "0";
      error = worst == null ? "0" : number(worst.error());
    } else if (worst != null) {
      error = number(worst.error());
      bound = number(worst.bound());
      share = String.format(Locale.ROOT, "%.1f %%", 100 * worst.share());
    }
    text.format("%-26s %5d %6d %7d  %-9s %-9s %7s  %s%n", result.group().id(), result.cases().size(),
        result.count(CaseOutcome.FAILED),
        result.count(CaseOutcome.REFUSED), error, bound, share, result.group().bound());
  }

  private static void failures(Formatter text, Verification verification) {
    for (CaseResult c : verification.cases(CaseOutcome.FAILED)) {
      text.format("FAILED %s: %d of %d%n", c.name(), c.mismatches(), c.compared());
      for (String note : c.notes()) {
        text.format("    %s%n", note);
      }
      text.format("    %s%n%n", c.command());
    }
  }

  private static void refusals(Formatter text, Verification verification) {
    List<String> groups = verification.groups().stream().filter(g -> g.count(CaseOutcome.REFUSED) > 0)
        .map(g -> g.group().id() + " " + g.count(CaseOutcome.REFUSED)).toList();
    if (groups.isEmpty()) {
      return;
    }
    StringBuilder line = new StringBuilder("refused:");
    for (String group : groups) {
      if (line.length() + group.length() > COLUMNS) {
        text.format("%s%n", line);
        line = new StringBuilder("        ");
      }
      line.append(' ').append(group).append(group.equals(groups.getLast()) ? "" : ",");
    }
    text.format("%s%n         (the device does not compute these cases and says so; --explain prints why)%n", line);
  }

  private static void summary(Formatter text, Verification verification) {
    if (verification.count(CaseOutcome.PASSED) + verification.count(CaseOutcome.FAILED) == 0) {
      for (GroupResult result : verification.groups()) {
        text.format("nothing was checked: no case of the group %s applies to this device: %s%n", result.group().id(),
            result.cases().getFirst().notes().getFirst());
      }
    }
    verification.groups().stream().filter(g -> g.worst() != null && !g.group().isExact())
        .max(Comparator.comparingDouble(g -> Objects.requireNonNull(g.worst()).share()))
        .ifPresent(g -> largest(text, g.group(), Objects.requireNonNull(g.worst()).share(), verification.holds()));
    text.format("%s: %d cases passed, %d failed, %d refused by name; seed %d; %.1f s%n", verification.description(),
        verification.count(CaseOutcome.PASSED), verification.count(CaseOutcome.FAILED),
            verification.count(CaseOutcome.REFUSED),
        verification.seed(), verification.milliseconds() / 1e3);
  }

  private static void largest(Formatter text, CaseGroup group, double share, boolean holds) {
    text.format(holds ? "every error is within its bound; the largest uses %.1f %% of its bound, in group %s%n"
        : "largest finite error: %.1f %% of its bound, expected at most 100 %%, in group %s%n", 100 * share,
        group.id());
  }

  static String number(double value) {
    return String.format(Locale.ROOT, "%.2e", value);
  }
}
