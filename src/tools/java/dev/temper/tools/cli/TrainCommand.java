package dev.temper.tools.cli;

import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.tools.bench.Revision;
import dev.temper.tools.files.AtomicFile;
import dev.temper.tools.files.Json;
import dev.temper.tools.train.Corpus;
import dev.temper.tools.train.Experiment;
import dev.temper.tools.train.JdkNames;
import dev.temper.tools.train.LearningCurves;
import dev.temper.tools.train.ReportText;
import dev.temper.tools.train.TextFile;
import dev.temper.tools.train.TrainDocument;
import dev.temper.tools.train.TrainPlan;
import dev.temper.tools.train.TrainReport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The verb {@code train}: a small language model distilled from a larger one, from start to end. */
@Command(
    name = "train",
    description = {
      "Trains a teacher language model, then the same small student twice with equal budgets (labels only; labels and",
      "teacher), and compares all three on held-out words. About two minutes on two cores."
    })
final class TrainCommand implements Callable<Integer> {

  @Mixin private DeviceOption device;

  @Mixin private OutputOptions output;

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "UTF-8 text to learn from (default: the names of the classes and methods of the running JDK).")
  private @Nullable Path text;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "Temperature of the distillation, above 0 (default: the tuned one, " + TrainPlan.TEMPERATURE + ").")
  private double temperature = TrainPlan.TEMPERATURE;

  @Option(
      names = "--soft-weight",
      paramLabel = "W",
      description = "Weight of the teacher, 0 to 1; the labels get the rest (default: the tuned one, " + TrainPlan.SOFT_WEIGHT + ").")
  private double softWeight = TrainPlan.SOFT_WEIGHT;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps of each student; the teacher gets proportionally many (default: " + TrainPlan.STUDENT_STEPS + ", fewer for a short text).")
  private @Nullable Integer steps;

  @Option(names = "--seed", paramLabel = "N", description = "Seed of weights and of the order of the words (default: 1).")
  private long seed = 1;

  @Option(names = "--seeds", paramLabel = "N", description = "Repeat with N seeds in sequence and print the means (default: 1).")
  private int seeds = 1;

  @Option(names = "--out", paramLabel = "DIR", description = "Write train.json and curves.png into this folder.")
  private @Nullable Path out;

  @Override
  public Integer call() throws IOException {
    requireLibraries();
    TrainPlan plan = plan();
    if (out != null) {
      makeFolder(out);
    }
    Corpus corpus = text == null ? JdkNames.read() : TextFile.read(text);
    TrainReport report;
    try (LossEngine engine = device.open(output); ProgressLine line = ProgressLine.onStderr()) {
      report = Experiment.run(corpus, steps == null ? plan.forWords(corpus.words()) : plan, engine, line::update);
    }
    if (output.json) {
      output.print(document(report));
    } else {
      output.out().print(ReportText.of(report));
      output.out().flush();
    }
    if (out != null) {
      write(report, out);
    }
    report.failures().forEach(output::note);
    return report.failures().isEmpty() ? 0 : Errors.FAILED;
  }

  private static void requireLibraries() {
    if (TrainCommand.class.getResource("/org/bytedeco/openblas/global/openblas.class") == null) {
      throw new IllegalStateException("this folder leaves out train: OpenBLAS and what draws its curves would double it; run ./temper train"
          + " in a checkout");
    }
  }

  private TrainPlan plan() {
    try {
      TrainPlan plan = TrainPlan.defaults().withLoss(DistillationLoss.hinton(temperature, softWeight)).withSeeds(seed, seeds);
      return steps == null ? plan : plan.withStudentSteps(steps);
    } catch (IllegalArgumentException e) {
      throw LossOptions.inOptions(e);
    }
  }

  /** Before two minutes of work, not after them. */
  private static void makeFolder(Path folder) throws IOException {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new IllegalArgumentException("--out is " + folder + ", which is a file; expected the name of a folder");
    }
    Files.createDirectories(folder);
  }

  private static TrainDocument document(TrainReport report) {
    return TrainDocument.of(report, Revision.here(), Processor.here().name());
  }

  private void write(TrainReport report, Path folder) throws IOException {
    Json.write(folder.resolve("train.json"), document(report));
    AtomicFile.write(folder.resolve("curves.png"), ByteBuffer.wrap(LearningCurves.png(report)));
    output.note("wrote " + folder.resolve("train.json") + " and " + folder.resolve("curves.png"));
  }
}
