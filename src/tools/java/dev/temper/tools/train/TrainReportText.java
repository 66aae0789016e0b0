package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import dev.temper.tools.files.PlainNumber;
import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Formats a report as text. */
public final class TrainReportText {

  private TrainReportText() {}

  /** The table of all models, the gain of each distilled student, the comparison with the reference, and some text. */
  public static String of(TrainReport report) {
    Formatter text = new Formatter(Locale.ROOT);
    inputs(text, report);
    table(text, report);
    gains(text, report);
    Differences d = report.differences();
    text.format("Against the f64 reference (%d batches, one row in 16): loss within %.1e, gradient within %.1e; bound"
        + " %.1e.\n",
        d.checks(), d.loss(), d.gradient(), Differences.BOUND);
    String written = report.outcomes().getFirst().text();
    if (!written.isEmpty()) {
      text.format("\nThe distilled student writes (T = 1):\n");
      written.lines().filter(l -> !l.isBlank()).forEach(l -> text.format("  %s\n", l));
    }
    text.format("\nTime: %.0f s.\n", report.seconds());
    return text.toString();
  }

  private static void inputs(Formatter text, TrainReport report) {
    TrainReport.Data data = report.data();
    text.format("data      %s: %,d words in %,d documents; vocabulary %,d\n",
        data.description(), data.words(), data.documents(), data.vocabulary());
    text.format("          %,d examples to learn from, %,d for validation, %,d held out\n",
        data.training(), data.validation(), data.heldOut());
    List<DistillationLoss> losses = report.plan().distillations();
    DistillationLoss loss = losses.getFirst();
    text.format("loss      %s, T = %s, weight %s on the teacher, %s on the labels; %s\n", loss.divergence().label(),
        losses.stream().map(l -> PlainNumber.of(l.temperature())).collect(Collectors.joining(", ")),
        PlainNumber.of(loss.softWeight()), PlainNumber.of(loss.hardWeight()), report.engine());
    text.format("products  %s\n", report.blas());
    cache(text, report);
    text.format("\n");
  }

  private static void cache(Formatter text, TrainReport report) {
    CacheSize cache = report.outcomes().getFirst().cache();
    TopKPlan lists = report.plan().topK();
    if (cache != null && lists != null) {
      text.format("teacher   %s of %,d rows with %d of %,d words: %,.1f MB, %.1f%% of its logits in f32, made in"
          + " %.0f s; the other words: %s\n", cache.file(), cache.rows(), cache.k(), cache.classes(),
          cache.bytes() / 1e6, 100 * cache.shareOfLogits(), cache.seconds(), lists.tail().label());
    }
  }

  private static void table(Formatter text, TrainReport report) {
    String seeds = report.outcomes().size() == 1 ? "" : ", mean of " + report.outcomes().size() + " seeds";
    text.format("%-32s %10s %9s %13s %10s %6s %6s %8s %7s %11s\n",
        "held-out words" + seeds, "weights", "steps", "cross-entropy", "perplexity", "top-1", "top-5", "ms/step",
            "in loss", "logits, MiB");
    for (ModelOutcome o : report.means()) {
      Quality quality = o.heldOut();
      text.format("%-32s %,10d %9s %13.4f %10.2f %5.1f%% %5.1f%% %8.1f %6.0f%% %11.1f\n", o.name(), o.parameters(),
          steps(o),
          quality.crossEntropy(), quality.perplexity(), 100 * quality.top1(), 100 * quality.top5(),
              1e3 * o.secondsPerStep(),
          100 * o.lossShare(), o.logitBytes() / (double) (1 << 20));
    }
    if (report.outcomes().size() > 1) {
      text.format("\n");
      for (SeedOutcome seed : report.outcomes()) {
        text.format("seed %-6d cross-entropy: %s\n", seed.seed(), seed.models().stream()
            .map(o -> String.format(Locale.ROOT, "%s %.4f", o.name().replace("student, ", ""), o.heldOut()
                .crossEntropy()))
            .collect(Collectors.joining(", ")));
      }
    }
    text.format("\n");
  }

  private static String steps(ModelOutcome outcome) {
    return outcome.isComplete() ? Integer.toString(outcome.steps()) : outcome.steps() + "/" + outcome.plannedSteps();
  }

  private static void gains(Formatter text, TrainReport report) {
    if (!Double.isNaN(report.margin())) {
      text.format("The teacher is %.3f nats better than the student on labels only.\n", report.margin());
    }
    List<Double> gains = report.gains();
    for (int i = 0; i < gains.size(); i++) {
      String name = gains.size() == 1 ? "" : " at T = "
          + PlainNumber.of(report.plan().distillations().get(i).temperature());
      text.format("Distillation%s made the student %.3f nats %s.\n", name, Math.abs(gains.get(i)),
          gains.get(i) >= 0 ? "better" : "worse");
    }
    if (gains.stream().anyMatch(gain -> gain < 0)) {
      text.format("Hint: a better teacher, more --steps, a lower --temperature or a smaller --soft-weight may help;"
          + " see docs/it-got-worse.md.\n");
    }
  }
}
