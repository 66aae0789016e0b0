package dev.temper.tools.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What a run gave, as it came out.
 *
 * @param plan what was asked for
 * @param data what was learned from
 * @param engine what computed the losses
 * @param blas what computed the matrix products
 * @param outcomes one for each seed
 * @param seconds time of the whole run
 */
public record TrainReport(TrainPlan plan, Data data, String engine, String blas, List<SeedOutcome> outcomes, double seconds) {

  /** A teacher that is not better than this, in nats, has nothing to teach. */
  public static final double MIN_MARGIN = 0.1;

  /**
   * The text and its parts.
   *
   * @param description what the text is
   * @param documents number of classes, or of pieces of a text file
   * @param words in all of them
   * @param vocabulary words that the models know
   * @param training words to learn from; one more for the end of each document, here and below
   * @param validation words to watch the training on
   * @param heldOut words kept for the end
   */
  public record Data(String description, int documents, long words, int vocabulary, int training, int validation, int heldOut) {}

  /** The mean over all seeds of the three models, in the order teacher, labels only, distilled. */
  public List<Outcome> means() {
    return IntStream.range(0, 3).mapToObj(this::mean).toList();
  }

  /** By how many nats the teacher is better on held-out words than the student that saw labels only. */
  public double margin() {
    return means().get(1).heldOut().crossEntropy() - means().get(0).heldOut().crossEntropy();
  }

  /** By how many nats distillation made the student better on held-out words; negative if it did harm. */
  public double gain() {
    return means().get(1).heldOut().crossEntropy() - means().get(2).heldOut().crossEntropy();
  }

  /** The worst difference from the reference. */
  public Differences differences() {
    return outcomes.stream().map(SeedOutcome::differences).reduce(new Differences(0, 0, 0), Differences::and);
  }

  /** What must hold and does not, one sentence each; empty if all is well. A student without gain is no failure. */
  public List<String> failures() {
    List<String> failures = new ArrayList<>();
    if (!(margin() >= MIN_MARGIN)) {
      failures.add(String.format(Locale.ROOT, "the teacher is %.3f nats better than the student on labels only, expected at least %.1f:"
          + " there is nothing to distil, so this run shows nothing; give it more --steps or a longer text", margin(), MIN_MARGIN));
    }
    Differences differences = differences();
    if (!differences.hold()) {
      failures.add(String.format(Locale.ROOT, "loss or gradient differ from the f64 reference by %.1e and %.1e, expected at most %.1e",
          differences.loss(), differences.gradient(), Differences.BOUND));
    }
    return failures;
  }

  private Outcome mean(int model) {
    Outcome first = outcomes.getFirst().all().get(model);
    Quality quality = new Quality(mean(model, o -> o.heldOut().crossEntropy()), mean(model, o -> o.heldOut().top1()),
        mean(model, o -> o.heldOut().top5()), first.heldOut().words());
    return new Outcome(first.name(), first.parameters(), quality, first.curve(), first.steps(),
        mean(model, Outcome::secondsPerStep), mean(model, Outcome::lossShare));
  }

  private double mean(int model, ToDoubleFunction<Outcome> value) {
    return outcomes.stream().map(o -> o.all().get(model)).mapToDouble(value).average().orElseThrow();
  }
}
