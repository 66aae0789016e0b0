package dev.temper.tools.cli;

import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import dev.temper.tools.bench.BatchMemory;
import dev.temper.tools.bench.BenchmarkCase;
import dev.temper.tools.bench.LogitBatch;
import dev.temper.tools.bench.LossBench;
import dev.temper.tools.bench.Repetition;
import dev.temper.tools.bench.ResultFile;
import dev.temper.tools.files.Json;
import dev.temper.tools.files.PlainNumber;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code temper bench}: measures the speed of loss and gradient on this machine. */
@Command(
    name = "bench",
    description = {
      "Measures how fast losses and gradients are on this machine.",
      "It measures the copy rate of the memory first, then each launch by itself; on a GPU by the device's own events."
          + " Batches alternate and exceed the last-level cache twice together, so that every call reads from memory."
    })
final class BenchCommand implements Callable<Integer> {

  @Mixin private DeviceOption device;
  @Mixin private BenchOptions options;

  @Option(names = "--results", paramLabel = "FILE",
      description = "JSON file for all measurements, written again after every step.")
  private @Nullable Path results;

  @Option(names = "--outputs", paramLabel = "DIR",
      description = "Folder for the results of each first batch as safetensors, so that other programs can be"
          + " compared.")
  private @Nullable Path outputs;

  @Option(names = "--budget", paramLabel = "SECONDS", description = "Stop after this time, with the results so far.")
  private @Nullable Double budget;

  @Option(names = "--quick", description = "Take few samples: shows that it works, and roughly how fast.")
  private boolean quick;

  @Mixin private OutputOptions output;

  BenchCommand() {}

  @Override
  public Integer call() throws IOException {
    if (budget != null && !(budget > 0)) {
      throw new IllegalArgumentException("--budget is " + PlainNumber.of(budget) + ", expected seconds above 0");
    }
    var plan = options.plan(quick);
    if (results != null) {
      OutputFile.check("--results", results);
    }
    EngineOptions engineOptions = EngineOptions.defaults().withTunedPlans(!options.isSuite());
    try (Interruption interruption = Interruption.watch(); LossEngine engine = device.open(output, engineOptions)) {
      if (outputs != null) {
        OutputFile.makeFolder("--outputs", outputs);
      }
      Repetition usual = engine.diagnostics().facts().isPresent() ? Repetition.onDevice() : Repetition.thorough();
      ResultFile result = run(new LossBench(plan, quick ? Repetition.brief() : usual), engine, stop(interruption));
      if (output.json) {
        output.print(result);
      } else {
        new BenchTable(result).print(output.out());
      }
      if (result.unfinished() > 0) {
        output.note((interruption.requested() ? "interrupted: " : "stopped: ") + result.unfinished() + " of "
            + (result.entries().size() + result.unfinished()) + " entries are missing; the results are those so far");
      }
      return 0; // after Ctrl-C the JVM ends with the signal's status, whatever this is
    }
  }

  private BooleanSupplier stop(Interruption interruption) {
    long start = System.nanoTime();
    double nanos = budget == null ? Double.POSITIVE_INFINITY : budget * 1e9;
    return () -> interruption.requested() || System.nanoTime() - start > nanos;
  }

  /** Runs the measurements. The progress line is removed when the method returns. */
  private ResultFile run(LossBench bench, LossEngine engine, BooleanSupplier stop) throws IOException {
    try (ProgressLine line = ProgressLine.onStderr()) {
      return bench.run(engine, new BenchWatcher(line, results, outputs), stop);
    }
  }

  /** Shows progress, and writes files after each result. */
  private record BenchWatcher(ProgressLine line, @Nullable Path results,
      @Nullable Path outputs) implements LossBench.Observer {
    @Override
    public void at(int done, int total, String next) {
      line.update(done, total, next);
    }

    @Override
    public void batch(LossEngine engine, List<BenchmarkCase> cases, BatchMemory memory,
        LogitBatch first) throws IOException {
      if (outputs != null) {
        new BenchOutputs(outputs).write(engine, cases, memory, first);
      }
    }

    @Override
    public void measured(ResultFile soFar) throws IOException {
      if (results != null) {
        Json.write(results, soFar);
      }
    }
  }
}
