package dev.temper.tools.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The results of a run.
 *
 * @param plan the plan of the run
 * @param data the text
 * @param engine name of the engine that computed the losses
 * @param blas name of the library that computed the matrix products
 * @param outcomes one for each seed, fewer after an interruption
 * @param seconds time of the whole run
 */
public record TrainReport(
    TrainPlan plan, Data data, String engine, String blas, List<SeedOutcome> outcomes, double seconds) {

  /** Smallest advantage of the teacher over the student on labels, in nats, that leaves something to distil. */
  public static final double MIN_MARGIN = 0.1;

  /**
   * The text and its parts.
   *
   * @param description the text in one phrase
   * @param documents number of classes, or of pieces of a text file
   * @param words number of words in all documents
   * @param vocabulary number of words that the models can predict
   * @param training number of words to learn from, with one more for the end of each document, here and below
   * @param validation number of words for the learning curves
   * @param heldOut number of words for the judgement at the end
   */
  public record Data(
      String description, int documents, long words, int vocabulary, int training, int validation, int heldOut) {}

  /** Whether every model of every seed was trained for all its steps. */
  public boolean isComplete() {
    return outcomes.size() == plan.seeds() && outcomes.stream().allMatch(
        seed -> seed.models().size() == models() && seed.models().stream().allMatch(ModelOutcome::isComplete));
  }

  /**
   * The mean over the seeds of each model, in the order teacher, labels only, distilled students. After an interruption
   * only complete trainings count; a model without any appears as it was when the run ended.
   */
  public List<ModelOutcome> means() {
    int reached = outcomes.stream().mapToInt(seed -> seed.models().size()).max().orElse(0);
    return IntStream.range(0, reached).mapToObj(this::mean).toList();
  }

  /**
   * Cross-entropy on held-out words in nats: that of the student on labels only minus that of the teacher. NaN unless
   * both are trained.
   */
  public double margin() {
    List<ModelOutcome> means = means();
    return means.size() <= SeedOutcome.LABELS_ONLY ? Double.NaN : lead(means, SeedOutcome.TEACHER);
  }

  /**
   * Cross-entropy on held-out words in nats: that of the student on labels only minus that of each distilled student.
   */
  public List<Double> gains() {
    List<ModelOutcome> means = means();
    return IntStream.range(SeedOutcome.DISTILLED, means.size()).mapToObj(model -> lead(means, model)).toList();
  }

  /** The worst differences from the reference. */
  public Differences differences() {
    return outcomes.stream().map(SeedOutcome::differences).reduce(new Differences(0, 0, 0), Differences::and);
  }

  /**
   * One sentence for each requirement that does not hold; empty if all hold. A distilled student that is worse is a
   * result, not a failure. The margin of the teacher is checked in complete runs only.
   */
  public List<String> failures() {
    List<String> failures = new ArrayList<>();
    if (isComplete() && !(margin() >= MIN_MARGIN)) {
      failures.add(String.format(Locale.ROOT,
          "the teacher is %.3f nats better than the student on labels only, expected at least %.1f: there is nothing"
          + " to distil, so this run shows nothing; give it more --steps or a longer text",
          margin(), MIN_MARGIN));
    }
    Differences differences = differences();
    if (!differences.hold()) {
      failures.add(String.format(Locale.ROOT,
          "loss or gradient differ from the f64 reference by %.1e and %.1e, expected at most"
          + " %.1e", differences.loss(), differences.gradient(), Differences.BOUND));
    }
    return failures;
  }

  private int models() {
    return SeedOutcome.DISTILLED + plan.distillations().size();
  }

  private static double lead(List<ModelOutcome> means, int model) {
    return means.get(SeedOutcome.LABELS_ONLY).heldOut().crossEntropy() - means.get(model).heldOut().crossEntropy();
  }

  private ModelOutcome mean(int model) {
    List<ModelOutcome> all =
        outcomes.stream().filter(seed -> seed.models().size() > model).map(seed -> seed.models().get(model)).toList();
    List<ModelOutcome> complete = all.stream().filter(ModelOutcome::isComplete).toList();
    return complete.isEmpty() ? all.getFirst() : mean(complete);
  }

  private static ModelOutcome mean(List<ModelOutcome> runs) {
    ModelOutcome first = runs.getFirst();
    Quality quality = new Quality(mean(runs, o -> o.heldOut().crossEntropy()), mean(runs, o -> o.heldOut().top1()),
        mean(runs, o -> o.heldOut().top5()), first.heldOut().words());
    return new ModelOutcome(first.name(), first.parameters(), quality, first.curve(), first.steps(),
        first.plannedSteps(),
        mean(runs, ModelOutcome::secondsPerStep), mean(runs, ModelOutcome::lossShare), first.logitBytes());
  }

  private static double mean(List<ModelOutcome> runs, ToDoubleFunction<ModelOutcome> value) {
    return runs.stream().mapToDouble(value).average().orElseThrow();
  }
}
