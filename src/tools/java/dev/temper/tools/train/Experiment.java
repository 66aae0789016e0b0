package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The whole example: a teacher on labels, then the same student twice, with the same first weights, the same batches and the
 * same number of steps: once on labels alone, once on labels and teacher.
 */
public final class Experiment {

  /** Words of each curve's validation and of the judgement at the end, at most; bounds the time they take. */
  private static final int VALIDATION_WORDS = 4_096;
  private static final int HELD_OUT_WORDS = 40_960;

  private static final int SAMPLE_WORDS = 80;
  private static final DistillationLoss LABELS_ONLY = DistillationLoss.builder().softWeight(0).hardWeight(1).build();

  private final TrainPlan plan;
  private final LossEngine engine;
  private final Blas blas;
  private final Vocabulary vocabulary;
  private final Examples training;
  private final Examples validation;
  private final Examples heldOut;
  private final WorkLog work;

  private Experiment(Corpus corpus, TrainPlan plan, LossEngine engine, Blas blas, Progress progress) {
    this.plan = plan;
    this.engine = engine;
    this.blas = blas;
    Split split = Split.of(corpus.documents());
    vocabulary = Vocabulary.of(split.training(), plan.vocabulary());
    training = new Examples(split.training(), vocabulary, plan.context());
    validation = new Examples(split.validation(), vocabulary, plan.context());
    heldOut = new Examples(split.heldOut(), vocabulary, plan.context());
    if (validation.size() == 0 || heldOut.size() == 0) {
      throw new IllegalArgumentException("the text has " + corpus.documents().size()
          + " documents, too few to keep some apart for validation and for the end; give a longer text");
    }
    work = new WorkLog(progress, plan.seeds() * (steps(plan.teacher(), false) + steps(plan.student(), false) + steps(plan.student(), true)));
  }

  /**
   * Runs everything.
   *
   * @throws IllegalArgumentException if the text is too short for one batch
   */
  public static TrainReport run(Corpus corpus, TrainPlan plan, LossEngine engine, Progress progress) {
    long started = System.nanoTime();
    // As many threads as the loss has: both work in turn, never at once.
    Blas blas = new OpenBlas(Runtime.getRuntime().availableProcessors());
    Experiment experiment = new Experiment(corpus, plan, engine, blas, progress);
    List<SeedOutcome> outcomes = new ArrayList<>();
    for (int i = 0; i < plan.seeds(); i++) {
      outcomes.add(experiment.run(plan.seed() + i));
    }
    TrainReport.Data data = new TrainReport.Data(corpus.description(), corpus.documents().size(), corpus.words(),
        experiment.vocabulary.size(), experiment.training.size(), experiment.validation.size(), experiment.heldOut.size());
    return new TrainReport(plan, data, engine.describe(), blas.describe(), outcomes, (System.nanoTime() - started) / 1e9);
  }

  private SeedOutcome run(long seed) {
    try (Arena arena = Arena.ofShared(); CrossCheck crossCheck = new CrossCheck()) {
      LanguageModel teacher = model(plan.teacher(), arena, seed);
      LanguageModel baseline = model(plan.student(), arena, seed);
      LanguageModel student = model(plan.student(), arena, seed);
      Outcome taught = train("teacher", teacher, null, plan.teacher(), LABELS_ONLY, seed, crossCheck);
      Outcome labelled = train("student, labels only", baseline, null, plan.student(), LABELS_ONLY, seed, crossCheck);
      Outcome distilled = train("student, distilled", student, teacher, plan.student(), plan.loss(), seed, crossCheck);
      String text = Sampler.text(student, vocabulary, engine, SAMPLE_WORDS, seed);
      return new SeedOutcome(seed, taught, labelled, distilled, crossCheck.worst(), text);
    }
  }

  private Outcome train(
      String name, LanguageModel model, @Nullable LanguageModel teacher, TrainPlan.Budget budget, DistillationLoss loss, long seed, CrossCheck crossCheck) {
    RunMonitor monitor = new RunMonitor(name, budget.steps(), crossCheck,
        () -> Quality.of(model, engine, validation, VALIDATION_WORDS, plan.rows()).crossEntropy(), work, step(budget, teacher != null));
    Batches batches = new Batches(training, plan.rows(), seed);
    new TrainingLoop(engine, plan.rows(), monitor).train(model, teacher, loss, batches, budget.steps(), budget.learningRate());
    return monitor.outcome(model.shape().parameters(), Quality.of(model, engine, heldOut, HELD_OUT_WORDS, plan.rows()));
  }

  private LanguageModel model(TrainPlan.Budget budget, Arena arena, long seed) {
    return new LanguageModel(shape(budget), plan.rows(), blas, arena, seed);
  }

  private LanguageModel.Shape shape(TrainPlan.Budget budget) {
    return new LanguageModel.Shape(vocabulary.size(), plan.context(), budget.embedding(), budget.hidden());
  }

  private long steps(TrainPlan.Budget budget, boolean taught) {
    return budget.steps() * step(budget, taught);
  }

  /**
   * Work of one step, for the progress line: three products per weight, one more per weight of the teacher, and a loss and an
   * optimiser that cost as much as 100 products per logit do.
   */
  private long step(TrainPlan.Budget budget, boolean taught) {
    return 3 * shape(budget).parameters() + (taught ? shape(plan.teacher()).parameters() : 0) + 100L * vocabulary.size();
  }
}
