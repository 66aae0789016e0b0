package dev.temper.tools.train;

import java.util.Formatter;
import java.util.Locale;

/** A report as people read it. */
public final class ReportText {

  private ReportText() {}

  /** The table of all three models, what distillation gave, the comparison with the reference, and some text. */
  public static String of(TrainReport report) {
    Formatter text = new Formatter(Locale.ROOT);
    TrainReport.Data data = report.data();
    text.format("data      %s: %,d words in %,d documents; vocabulary %,d\n", data.description(), data.words(), data.documents(), data.vocabulary());
    text.format("          %,d examples to learn from, %,d for validation, %,d held out\n", data.training(), data.validation(), data.heldOut());
    text.format("loss      %s, T %.3g, %.3g on the teacher, %.3g on the labels; %s\n", report.plan().loss().divergence().label(),
        report.plan().loss().temperature(), report.plan().loss().softWeight(), report.plan().loss().hardWeight(), report.engine());
    text.format("products  %s\n", report.blas());
    text.format("\n");
    String seeds = report.outcomes().size() == 1 ? "" : ", mean of " + report.outcomes().size() + " seeds";
    text.format("%-30s %10s %6s %13s %10s %6s %6s %8s %7s\n", "held-out words" + seeds, "weights", "steps", "cross-entropy", "perplexity", "top-1", "top-5", "ms/step", "in loss");
    for (Outcome o : report.means()) {
      text.format("%-30s %,10d %6d %13.4f %10.2f %5.1f%% %5.1f%% %8.1f %6.0f%%\n", o.name(), o.parameters(), o.steps(), o.heldOut().crossEntropy(),
          o.heldOut().perplexity(), 100 * o.heldOut().top1(), 100 * o.heldOut().top5(), 1e3 * o.secondsPerStep(), 100 * o.lossShare());
    }
    if (report.outcomes().size() > 1) {
      text.format("\n");
      for (SeedOutcome s : report.outcomes()) {
        text.format("seed %-6d cross-entropy: teacher %.4f, labels only %.4f, distilled %.4f\n", s.seed(), s.teacher().heldOut().crossEntropy(),
            s.labelsOnly().heldOut().crossEntropy(), s.distilled().heldOut().crossEntropy());
      }
    }
    text.format("\n");
    text.format("The teacher is %.3f nats better than the student on labels only; distillation made the student %.3f nats %s.\n",
        report.margin(), Math.abs(report.gain()), report.gain() >= 0 ? "better" : "worse");
    Differences d = report.differences();
    text.format("Against the f64 reference (%d batches, one row in 16): loss within %.1e, gradient within %.1e; bound %.1e.\n",
        d.checks(), d.loss(), d.gradient(), Differences.BOUND);
    text.format("\nThe distilled student writes (T = 1):\n");
    report.outcomes().getFirst().text().lines().filter(l -> !l.isBlank()).forEach(l -> text.format("  %s\n", l));
    text.format("\nTime: %.0f s.\n", report.seconds());
    return text.toString();
  }
}
