package dev.temper.tools.verify;

import java.util.Formatter;
import java.util.Locale;

/** A verification as text: a line for each group, the formulas of the bounds, the failed cases. */
public final class ResultTable {

  private ResultTable() {}

  /** The whole text; the last line holds the counts. */
  public static String of(Verification verification) {
    Formatter text = new Formatter(Locale.ROOT);
    text.format("%-26s %5s %6s %7s  %-9s %-9s %7s  %s%n", "group", "cases", "failed",
        "refused", "error", "bound", "share", "formulas");
    for (GroupResult result : verification.groups()) {
      group(text, result);
    }
    text.format("%n");
    text.format("bounds (u = 2^-24, C classes, T temperature, z student, u teacher logits, q and p their softmax):%n");
    for (BoundFormula formula : BoundFormula.values()) {
      text.format("  %-3s %s%n", formula.symbol(), formula.text());
    }
    notes(text, verification);
    text.format("%n");
    text.format("%s: %d cases passed, %d failed, %d refused; seed %d; %.1f s%n", verification.description(),
        verification.count(CaseOutcome.PASSED), verification.count(CaseOutcome.FAILED),
        verification.count(CaseOutcome.REFUSED), verification.seed(), verification.milliseconds() / 1e3);
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

  private static void notes(Formatter text, Verification verification) {
    for (CaseResult c : verification.cases(CaseOutcome.FAILED)) {
      text.format("%n");
      text.format("FAILED %s: %d of %d%n", c.name(), c.mismatches(), c.compared());
      for (String note : c.notes()) {
        text.format("    %s%n", note);
      }
      text.format("    %s%n", c.command());
    }
    for (GroupResult result : verification.groups()) {
      result.cases().stream().filter(c -> c.outcome() == CaseOutcome.REFUSED).findFirst().ifPresent(c -> {
        text.format("%n");
        text.format("refused %s, %d cases: %s%n", result.group().id(), result.count(CaseOutcome.REFUSED),
            c.notes().getFirst());
      });
    }
  }

  static String number(double value) {
    return String.format(Locale.ROOT, "%.2e", value);
  }
}
