package dev.temper.tools.cli;

import dev.temper.tools.cli.TuneDocument.Candidate;
import dev.temper.tools.cli.TuneDocument.TunedCase;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.Locale;

/** Prints the timed plans, and what was kept. */
record TuneTable(TuneDocument document) {

  /** Relative change of the default plan's time up to which it is not reported. */
  private static final double QUIET = 0.05;

  void print(PrintWriter out) {
    out.println(document.engine());
    document.tuned().forEach(one -> print(out, one));
    document.notes().forEach(note -> out.println("note: " + note));
    if (!document.quiet()) {
      out.println("note: the machine was not quiet");
    }
    if (document.unfinished() > 0) {
      out.println(document.unfinished() + " cases have no result, and nothing was kept for them");
    }
    if (!document.tuned().isEmpty()) {
      out.println("kept in " + document.file());
    }
    out.flush();
  }

  private static void print(PrintWriter out, TunedCase one) {
    out.printf(Locale.ROOT, "%n%s %s %s%s%n", one.shape(), one.dtype(), one.loss(),
        one.temperature() == null ? "" : " T " + one.temperature());
    out.printf(Locale.ROOT, "  %-32s %10s %21s %8s %9s%n", "plan", "ms", "10 % .. 90 %", "GB/s", "x default");
    one.candidates().stream().sorted(Comparator.comparingDouble(Candidate::milliseconds))
        .forEach(candidate -> out.printf(Locale.ROOT, "  %-32s %10.4f %10.4f ..%9.4f %8.1f %9.3f%s%n",
            candidate.plan(), candidate.milliseconds(), candidate.low(), candidate.high(),
            candidate.gigabytesPerSecond(), candidate.timesDefault(), mark(one, candidate)));
    out.println("  " + outcome(one));
  }

  private static String mark(TunedCase one, Candidate candidate) {
    return (candidate.plan().equals(one.defaultPlan()) ? "  default" : "")
        + (candidate.plan().equals(one.plan()) ? "  kept" : "");
  }

  private static String outcome(TunedCase one) {
    String kept = one.plan().equals(one.defaultPlan())
        ? "kept the default plan: no other is faster by more than 1 %"
        : String.format(Locale.ROOT, "kept %s: %.2f times as fast as the default plan", one.plan(),
            one.defaultMilliseconds() / one.milliseconds());
    String drift = Math.abs(one.drift() - 1) <= QUIET ? ""
        : String.format(Locale.ROOT, "; the default plan took %.2f times as long after the others as before: something"
            + " else used the device, or its clocks changed", one.drift());
    return kept + drift + (one.before().isEmpty() || one.before().equals(one.plan()) ? ""
        : "; the plan kept before was " + one.before());
  }
}
