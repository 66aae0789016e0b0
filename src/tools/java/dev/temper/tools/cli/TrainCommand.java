package dev.temper.tools.cli;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import dev.temper.tools.bench.Revision;
import dev.temper.internal.AtomicFile;
import dev.temper.tools.files.Json;
import dev.temper.tools.files.PlainNumber;
import dev.temper.tools.train.Corpus;
import dev.temper.tools.train.Experiment;
import dev.temper.tools.train.JdkNames;
import dev.temper.tools.train.LearningCurves;
import dev.temper.tools.train.TextFile;
import dev.temper.tools.train.TopKPlan;
import dev.temper.tools.train.TrainDocument;
import dev.temper.tools.train.TrainPlan;
import dev.temper.tools.train.TrainReport;
import dev.temper.tools.train.TrainReportText;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code temper train}: distils a small language model from a larger one, from the text to the results. */
@Command(
    name = "train",
    description = {
      "Distils a small language model from a larger one and compares them; it takes about two minutes on two cores.",
      "It trains a teacher, then the same small student twice with equal budgets: once on labels only, once on labels"
          + " and teacher. All are judged on words that none of them learned from. Ctrl-C prints and keeps the results"
          + " so far."
    })
final class TrainCommand implements Callable<Integer> {

  /** Bytes for chunks of logits, a quarter of the student's logits and their gradient in a step. */
  private static final long HEAD_WORKSPACE = 4 << 20;

  /** Reads a {@link TrainPlan.Head}. */
  static final class HeadName implements ITypeConverter<TrainPlan.Head> {
    @Override
    public TrainPlan.Head convert(String text) {
      return LossOptions.choose("head", text, TrainPlan.Head.values(), TrainPlan.Head::label);
    }
  }

  @Mixin private DeviceOption device;

  @Mixin private OutputOptions output;

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "UTF-8 text to learn from (default: the names of the classes and methods of the running JDK).")
  private @Nullable Path text;

  @Option(names = "--divergence", paramLabel = "D", converter = LossOptions.DivergenceName.class,
      defaultValue = "forward-kl",
      description = "Distance from the teacher, as for temper loss (default: ${DEFAULT-VALUE}).")
  private Divergence divergence;

  @Mixin private TrainTeacherOptions teacher;

  @Option(
      names = "--temperature",
      split = ",",
      paramLabel = "T",
      description = "Temperature of the distillation, above 0. Several with commas, such as 1,2,4, distil one student"
          + " for each, in"
          + " one table and one picture (default: " + TrainPlan.TEMPERATURE + ", chosen on the validation part; "
          + TrainPlan.LISTS_TEMPERATURE + " with --teacher topk:K).")
  private @Nullable List<Double> temperatures;

  @Option(
      names = "--soft-weight",
      paramLabel = "W",
      description = "Weight of the teacher, 0 to 1; the labels get the rest (default: " + TrainPlan.SOFT_WEIGHT
          + ", chosen on the validation part; " + TrainPlan.LISTS_SOFT_WEIGHT + " with --teacher topk:K).")
  private @Nullable Double softWeight;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps of each student; the teacher's steps change in proportion (default: "
          + TrainPlan.STUDENT_STEPS
          + ", fewer for a short text).")
  private @Nullable Integer steps;

  @Option(
      names = "--teacher-steps",
      paramLabel = "N",
      description = "Steps of the teacher; few make a weak teacher (default: " + TrainPlan.TEACHER_STEPS + ").")
  private @Nullable Integer teacherSteps;

  @Option(
      names = "--learning-rate",
      paramLabel = "R",
      description = "Learning rate of each student's first step (default: " + TrainPlan.STUDENT_RATE + ").")
  private double learningRate = TrainPlan.STUDENT_RATE;

  @Option(names = "--head", paramLabel = "HEAD", converter = HeadName.class, defaultValue = "logits",
      description = "Where logits are computed: logits (by the models, for all rows at once) or fused (by the loss, in"
          + " chunks of at most 4 MiB, from hidden states); both give the same curves within rounding (default:"
          + " ${DEFAULT-VALUE}).")
  private TrainPlan.Head head = TrainPlan.Head.LOGITS;

  @Option(names = "--seed", paramLabel = "N",
      description = "Seed of the weights and of the order of the words (default: ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(names = "--seeds", paramLabel = "N",
      description = "Repeat with N consecutive seeds and print the means (default: ${DEFAULT-VALUE}).")
  private int seeds = 1;

  @Option(names = "--out", paramLabel = "DIR",
      description = "Folder for train.json, curves.png and the file of --teacher topk:K, made if it is missing"
          + " (default: ${DEFAULT-VALUE}).")
  private Path out = Path.of("temper-train");

  @Override
  public Integer call() throws IOException {
    requireLibraries();
    TrainPlan plan = plan();
    Corpus corpus = text == null ? JdkNames.read() : TextFile.read(text);
    TrainPlan fitted = steps == null && teacherSteps == null ? plan.forWords(corpus.words()) : plan;
    try (Interruption interruption = Interruption.watch(); LossEngine engine = device.open(output,
        EngineOptions.defaults().withHeadWorkspace(HEAD_WORKSPACE))) {
      plan.distillations().forEach(loss -> teacher.requireComputable(engine, loss));
      OutputFile.makeFolder("--out", out);
      TrainReport report;
      try (ProgressLine line = ProgressLine.onStderr()) {
        report = Experiment.run(corpus, fitted, engine, line::update, interruption::requested);
      }
      if (output.json) {
        output.print(document(report));
      } else {
        output.out().print(TrainReportText.of(report));
        output.out().flush();
      }
      write(report);
      if (!report.isComplete()) {
        output.note("interrupted: the results are those so far");
      }
      report.failures().forEach(output::note);
      return report.failures().isEmpty() ? 0 : Errors.FAILED; // after Ctrl-C the exit status is the signal's
    }
  }

  private static void requireLibraries() {
    if (TrainCommand.class.getResource("/org/bytedeco/openblas/global/openblas.class") == null) {
      throw new IllegalStateException("this folder leaves out train: OpenBLAS and the library that draws its curves"
          + " would double its size; run ./temper train in a checkout");
    }
  }

  private TrainPlan plan() {
    TopKPlan lists = teacher.plan(out);
    double softWeight = this.softWeight != null ? this.softWeight
        : lists == null ? TrainPlan.SOFT_WEIGHT : TrainPlan.LISTS_SOFT_WEIGHT;
    List<Double> temperatures = this.temperatures != null ? this.temperatures
        : List.of(lists == null ? TrainPlan.TEMPERATURE : TrainPlan.LISTS_TEMPERATURE);
    if (!(softWeight >= 0 && softWeight <= 1)) {
      throw new IllegalArgumentException(
          "--soft-weight is " + PlainNumber.of(softWeight) + ", expected 0 to 1; the labels get the rest");
    }
    if (!(learningRate > 0 && learningRate < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "--learning-rate is " + PlainNumber.of(learningRate) + ", expected a finite number above 0");
    }
    requirePositive("--steps", steps);
    requirePositive("--teacher-steps", teacherSteps);
    requirePositive("--seeds", seeds);
    List<DistillationLoss> losses =
        temperatures.stream().distinct().map(t -> DistillationLoss.hinton(t, softWeight))
            .map(loss -> loss.toBuilder().divergence(divergence).build()).toList();
    TrainPlan plan =
        TrainPlan.defaults().withDistillations(losses).withStudentRate(learningRate).withSeeds(seed, seeds)
            .withHead(head).withTopK(lists);
    TrainPlan stepped = steps == null ? plan : plan.withStudentSteps(steps);
    return teacherSteps == null ? stepped : stepped.withTeacherSteps(teacherSteps);
  }

  private static void requirePositive(String option, @Nullable Integer value) {
    if (value != null && value < 1) {
      throw new IllegalArgumentException(option + " is " + value + ", expected 1 or more");
    }
  }

  private static TrainDocument document(TrainReport report) {
    return TrainDocument.of(report, Revision.here(), Processor.here().name());
  }

  private void write(TrainReport report) throws IOException {
    Json.write(out.resolve("train.json"), document(report));
    AtomicFile.write(out.resolve("curves.png"), ByteBuffer.wrap(LearningCurves.png(report)));
    output.note("wrote " + out.resolve("curves.png") + " and " + out.resolve("train.json"));
  }
}
