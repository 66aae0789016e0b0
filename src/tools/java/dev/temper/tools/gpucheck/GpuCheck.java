package dev.temper.tools.gpucheck;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/** Runs the steps of some stages in order, failed steps included, and updates the document after each. */
public final class GpuCheck {

  /** File name of the document. */
  public static final String DOCUMENT = "gpu-check.json";

  private final CheckEnvironment environment;
  private final GpuReport report;
  private final Collection<Stage> stages;

  private GpuCheck(CheckEnvironment environment, GpuReport report, Collection<Stage> stages) {
    this.environment = environment;
    this.report = report;
    this.stages = stages;
  }

  /**
   * A check that writes its document and logs into a folder.
   *
   * @param out the folder, which is made if it does not exist
   * @param device name of the device, as users write it
   * @param quick whether each step runs a few cases only
   * @param version version of Temper
   * @param revision revision of its sources
   * @param stages the stages of this run
   * @throws IllegalArgumentException if the folder holds the document of another revision or device
   */
  public static GpuCheck into(Path out, String device, boolean quick, String version, String revision,
      Collection<Stage> stages)
      throws IOException {
    Path logs = Files.createDirectories(out.toAbsolutePath().resolve("logs"));
    CheckEnvironment environment = new CheckEnvironment(device, quick, logs);
    return new GpuCheck(environment, new GpuReport(out.resolve(DOCUMENT), environment, version, revision, stages),
        stages);
  }

  /**
   * Runs the stages.
   *
   * @param starting receives a line of text before each step
   * @param done receives each result
   * @return whether no step failed
   */
  public boolean run(Consumer<String> starting, Consumer<StepResult> done) throws IOException {
    if (stages.contains(Stage.CORRECTNESS)) {
      Path input = environment.folder().resolve("rerun.safetensors");
      RerunBatch.write(input, environment.quick() ? 5 : 48, environment.quick() ? 1_000 : 50_257);
    }
    boolean holds = true;
    for (Stage stage : stages.stream().sorted().toList()) {
      // The plan of a stage is made just before it runs, because it may depend on files of earlier stages.
      holds &= run(GpuPlan.of(environment, stage), starting, done);
    }
    return holds;
  }

  boolean run(List<CheckStep> steps, Consumer<String> starting, Consumer<StepResult> done) throws IOException {
    boolean holds = true;
    int end;
    for (int first = 0; first < steps.size(); first = end) {
      end = first + 1;
      while (end < steps.size() && steps.get(end).alongside()) {
        end++;
      }
      holds &= together(steps.subList(first, end), starting, done);
    }
    return holds;
  }

  private boolean together(List<CheckStep> steps, Consumer<String> starting, Consumer<StepResult> done)
      throws IOException {
    StepRun runner = new StepRun(environment.folder());
    List<Future<StepResult>> running = new ArrayList<>();
    boolean holds = true;
    try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().name("step-", 1).factory())) {
      for (CheckStep step : steps) {
        starting.accept(
            step.stage().id() + " " + step.name() + ": " + step.shows() + ", at most " + step.limitSeconds() + " s");
        running.add(threads.submit(() -> runner.run(step)));
      }
      for (Future<StepResult> one : running) {
        StepResult result = result(one);
        report.add(result);
        done.accept(result);
        holds &= result.outcome() != StepOutcome.FAILED;
      }
    }
    return holds;
  }

  private static StepResult result(Future<StepResult> running) throws IOException {
    try {
      return running.get();
    } catch (ExecutionException e) {
      throw new IOException("a step's files could not be written or read: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }
}
