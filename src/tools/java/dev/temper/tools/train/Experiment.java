package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.cpu.blas.OpenBlasProducts;
import dev.temper.spi.Products;
import dev.temper.tools.files.PlainNumber;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs the whole example. It trains a teacher on labels, then the same student several times: first on labels alone,
 * then on labels and teacher, once for each loss of the plan. All students have the same first weights, batches and
 * number of steps.
 */
public final class Experiment {

  /** Most words for each point of a learning curve; they bound the time of a point. */
  private static final int VALIDATION_WORDS = 4_096;

  /** Most words for the judgement at the end. */
  private static final int HELD_OUT_WORDS = 40_960;

  private static final int SAMPLE_WORDS = 80;
  private static final DistillationLoss LABELS_ONLY = DistillationLoss.builder().softWeight(0).hardWeight(1).build();

  private final TrainPlan plan;
  private final LossEngine engine;
  private final Products products;
  private final Vocabulary vocabulary;
  private final Examples training;
  private final Examples validation;
  private final Examples heldOut;
  private final WorkLog work;
  private final BooleanSupplier stop;

  private Experiment(
      Corpus corpus, TrainPlan plan, LossEngine engine, Products products, TrainProgress progress,
      BooleanSupplier stop) {
    this.plan = plan;
    this.engine = engine;
    this.products = products;
    this.stop = stop;
    Split split = Split.of(corpus.documents());
    vocabulary = Vocabulary.of(split.training(), plan.vocabulary());
    training = new Examples(split.training(), vocabulary, plan.context());
    validation = new Examples(split.validation(), vocabulary, plan.context());
    heldOut = new Examples(split.heldOut(), vocabulary, plan.context());
    if (validation.size() == 0 || heldOut.size() == 0) {
      throw new IllegalArgumentException("the text has " + corpus.documents().size()
          + " documents, too few to keep some apart for validation and for the end; give a longer text");
    }
    long teacher = plan.teacher().steps() * workPerStep(plan.teacher(), false);
    long labelled = plan.student().steps() * workPerStep(plan.student(), false);
    long distilled = plan.student().steps() * workPerStep(plan.student(), plan.topK() == null);
    if (plan.topK() != null) {
      distilled += TopKStage.batches(training, plan.rows(), plan.student().steps())
          * shape(plan.teacher()).parameters();
      requireWords(plan.topK().k());
    }
    work = new WorkLog(progress, plan.seeds() * (teacher + labelled + plan.distillations().size() * distilled));
  }

  /**
   * Runs everything, or until {@code stop} holds; the report then has the models up to that point.
   *
   * @throws IllegalArgumentException if the text is too short for one batch
   */
  public static TrainReport run(
      Corpus corpus, TrainPlan plan, LossEngine engine, TrainProgress progress, BooleanSupplier stop) {
    long started = System.nanoTime();
    // Products and losses never run at the same time, so each may use every processor.
    try (Products products = OpenBlasProducts.open(Runtime.getRuntime().availableProcessors())) {
      Experiment experiment = new Experiment(corpus, plan, engine, products, progress, stop);
      List<SeedOutcome> outcomes = new ArrayList<>();
      for (int i = 0; i < plan.seeds() && (i == 0 || !stop.getAsBoolean()); i++) {
        outcomes.add(experiment.run(plan.seed() + i));
      }
      TrainReport.Data data = new TrainReport.Data(corpus.description(), corpus.documents().size(), corpus.words(),
          experiment.vocabulary.size(), experiment.training.size(), experiment.validation.size(),
          experiment.heldOut.size());
      return new TrainReport(plan, data, engine.describe(), products.describe(), outcomes,
          (System.nanoTime() - started) / 1e9);
    }
  }

  private void requireWords(int k) {
    if (k > vocabulary.size()) {
      throw new IllegalArgumentException("the lists of the teacher have " + k + " words of a row, but the vocabulary"
          + " has " + vocabulary.size() + "; choose fewer, or give a longer text");
    }
  }

  /** Trains the models of one seed in the order of the report; an interruption leaves out those that have not begun. */
  private SeedOutcome run(long seed) {
    try (Arena arena = Arena.ofShared(); CrossCheck crossCheck = new CrossCheck()) {
      List<ModelOutcome> models = new ArrayList<>();
      LanguageModel teacher = model(plan.teacher(), arena, seed);
      models.add(train("teacher", teacher, null, plan.teacher(), LABELS_ONLY, seed, crossCheck));
      if (!stop.getAsBoolean()) {
        LanguageModel baseline = model(plan.student(), arena, seed);
        models.add(train("student, labels only", baseline, null, plan.student(), LABELS_ONLY, seed, crossCheck));
      }
      String text = "";
      double best = Double.POSITIVE_INFINITY;
      TopKStage lists = plan.topK() == null ? null
          : new TopKStage(plan.topK(), engine, training, plan.rows(), plan.student().steps(), work, stop);
      for (DistillationLoss loss : plan.distillations()) {
        if (stop.getAsBoolean()) {
          break;
        }
        try (BatchTeacher taught = lists == null ? dense(teacher)
            : lists.make(teacher, loss.temperature(), seed)) {
          if (taught == null) {
            break;
          }
          LanguageModel student = model(plan.student(), arena, seed);
          ModelOutcome outcome = train(name(loss), student, taught, plan.student(), loss, seed, crossCheck);
          models.add(outcome);
          if (text.isEmpty() || outcome.heldOut().crossEntropy() < best) {
            best = outcome.heldOut().crossEntropy();
            text = Sampler.text(student, vocabulary, engine, SAMPLE_WORDS, seed);
          }
        }
      }
      return new SeedOutcome(seed, models, crossCheck.worst(), text, lists == null ? null : lists.size());
    }
  }

  private BatchTeacher dense(LanguageModel teacher) {
    return plan.head() == TrainPlan.Head.FUSED ? BatchTeacher.hidden(teacher) : BatchTeacher.model(teacher);
  }

  private String name(DistillationLoss loss) {
    String name = "student, distilled";
    return plan.distillations().size() == 1 ? name : name + " at T = " + PlainNumber.of(loss.temperature());
  }

  private ModelOutcome train(
      String name,
      LanguageModel model,
      @Nullable BatchTeacher teacher,
      TrainPlan.Budget budget,
      DistillationLoss loss,
      long seed,
      CrossCheck crossCheck) {
    RunMonitor monitor = new RunMonitor(name, budget.steps(), crossCheck,
        () -> Quality.crossEntropy(model, engine, validation, VALIDATION_WORDS, plan.rows(), plan.head()), work,
        workPerStep(budget, teacher != null && plan.topK() == null), stop);
    WordBatches batches = new WordBatches(training, plan.rows(), seed);
    new ModelTraining(engine, plan.rows(), plan.head(), monitor)
        .train(model, teacher, loss, batches, budget.steps(), budget.learningRate());
    Quality.Judged judged = Quality.of(model, engine, heldOut, HELD_OUT_WORDS, plan.rows(), plan.head());
    return monitor.outcome(model.shape().parameters(), judged);
  }

  private LanguageModel model(TrainPlan.Budget budget, Arena arena, long seed) {
    return new LanguageModel(shape(budget), plan.rows(), products, arena, seed);
  }

  private LanguageModel.Shape shape(TrainPlan.Budget budget) {
    return new LanguageModel.Shape(vocabulary.size(), plan.context(), budget.embedding(), budget.hidden());
  }

  /**
   * Returns the estimated work of one step for the progress line: three products for each weight, and one more for each
   * weight of the teacher. Loss and optimiser count as 100 products for each logit.
   */
  private long workPerStep(TrainPlan.Budget budget, boolean taught) {
    return 3 * shape(budget).parameters() + (taught ? shape(plan.teacher()).parameters() : 0)
        + 100L * vocabulary.size();
  }
}
