package dev.temper.tools.bench;

import dev.temper.DeviceException;
import dev.temper.LossEngine;
import dev.temper.diagnostics.DeviceFacts;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Runs a plan on an engine: measures the copy rate first, then part by part.
 *
 * @param plan the measurements
 * @param repetition number and duration of the samples
 */
public record LossBench(BenchPlan plan, Repetition repetition) {

  private static final double USABLE_MEMORY = 0.9;

  /** Observes a run. */
  public interface Observer {
    /** Called when {@code done} of {@code total} steps have ended and {@code next} begins. */
    void at(int done, int total, String next);

    /** Called before the batches of some cases are measured. The observer may launch losses over the first batch. */
    default void batch(LossEngine engine, List<BenchmarkCase> cases, BatchMemory memory, LogitBatch first)
        throws IOException {}

    /** Called after the plans of a benchmark case have been measured, unless the run was stopped before. */
    default void swept(LossEngine engine, SweptPlans plans) throws IOException {}

    /** Called after each measurement with all results so far. */
    default void measured(ResultFile soFar) throws IOException {}
  }

  /**
   * Runs the plan.
   *
   * @param stop checked between calls; ends the run with the results so far
   * @return the results; incomplete if the run was stopped
   * @throws IOException from the observer, or if a new process fails
   */
  public ResultFile run(LossEngine engine, Observer observer, BooleanSupplier stop) throws IOException {
    try (BenchRun run = new BenchRun(engine, plan, observer)) {
      observer.at(0, plan.size() + 1, "copy rate");
      run.copyRate(CopyRate.measure(engine, run.machine(), Repetition.brief(), stop));
      try (LossTimer timer = new LossTimer(engine, repetition)) {
        for (BenchPlan.Part part : plan.parts()) {
          switch (part) {
            case BenchPlan.Losses losses -> {
              for (List<BenchmarkCase> cases : losses.byBatch()) {
                onBatches(run, engine, cases, stop,
                    (memory, ring) -> losses(run, engine, timer, cases, observer, memory, ring, stop));
              }
            }
            case BenchPlan.Plans plans -> {
              PlanSweep sweep = new PlanSweep(run, engine, timer, plans.secondsEach(), stop);
              for (BenchmarkCase benchmarkCase : plans.cases()) {
                onBatches(run, engine, List.of(benchmarkCase), stop,
                    (memory, ring) -> sweep.measure(benchmarkCase, memory, ring));
              }
            }
            case BenchPlan.Heads heads -> {
              HeadBench bench = new HeadBench(run, engine, timer, stop);
              for (HeadCase one : heads.cases()) {
                bench.measure(one);
              }
            }
            case BenchPlan.LaunchCosts costs -> launchCosts(run, engine, costs, stop);
            case BenchPlan.FirstCalls _ -> firstCalls(run, engine, stop);
          }
        }
      }
      return run.end();
    }
  }

  /** A measurement over the batches of some cases. */
  private interface OnBatches {
    void run(BatchMemory memory, BatchRing ring) throws IOException;
  }

  private static void losses(BenchRun run, LossEngine engine, LossTimer timer, List<BenchmarkCase> cases,
      Observer observer, BatchMemory memory, BatchRing ring, BooleanSupplier stop) throws IOException {
    observer.batch(engine, cases, memory, ring.batches().getFirst());
    for (BenchmarkCase benchmarkCase : cases) {
      if (!stop.getAsBoolean()) {
        run.next(benchmarkCase.toString());
        time(run, timer, benchmarkCase, ring, stop);
      }
    }
  }

  private static void onBatches(BenchRun run, LossEngine engine, List<BenchmarkCase> cases, BooleanSupplier stop,
      OnBatches measurement) throws IOException {
    if (stop.getAsBoolean()) {
      return;
    }
    BenchmarkCase first = cases.getFirst();
    long cache = engine.diagnostics().facts().map(DeviceFacts::cacheBytes).orElse(run.machine().lastLevelCacheBytes());
    long traffic = cases.stream().mapToLong(BenchmarkCase::leastTraffic).min().orElseThrow();
    run.next(first.shape() + " " + first.dtype() + ": making batches");
    if (!fits(engine, first)) {
      run.leaveOut(cases.size(),
          first.shape() + " " + first.dtype() + " was left out: a batch needs more than the device's memory");
      return;
    }
    try (BatchMemory memory = BatchMemory.of(engine)) {
      measurement.run(memory, BatchRing.coldIn(memory, first.shape(), first.dtype(), cache, traffic));
    } catch (DeviceException e) {
      if (!e.isOutOfMemory()) {
        throw e;
      }
      run.leaveOut(0, first.shape() + " " + first.dtype() + " ended early: " + e.getMessage());
    }
  }

  /** Times one case. A loss or a graph that the engine does not support is noted, and the run continues. */
  private static void time(
      BenchRun run, LossTimer timer, BenchmarkCase benchmarkCase, BatchRing ring, BooleanSupplier stop)
      throws IOException {
    try {
      Optional<Measurement> entry = timer.time(benchmarkCase, ring, stop);
      if (entry.isPresent()) {
        run.add(entry.get());
      }
    } catch (IllegalArgumentException e) {
      run.leaveOut(1, String.valueOf(e.getMessage()));
    }
  }

  private void launchCosts(BenchRun run, LossEngine engine, BenchPlan.LaunchCosts costs, BooleanSupplier stop)
      throws IOException {
    for (LaunchCost cost : costs.costs()) {
      if (!stop.getAsBoolean()) {
        run.next("cost of a launch, " + cost.benchmarkCase());
        try {
          for (Measurement entry : cost.measure(engine, repetition, stop)) {
            run.add(entry);
          }
        } catch (IllegalArgumentException e) {
          run.leaveOut(LaunchCost.ENTRIES, String.valueOf(e.getMessage()));
        }
      }
    }
  }

  private static void firstCalls(BenchRun run, LossEngine engine, BooleanSupplier stop) throws IOException {
    if (!stop.getAsBoolean()) {
      run.next("first call in new processes");
      for (Measurement entry : FirstCall.measure(engine.device(), stop)) {
        run.add(entry);
      }
    }
  }

  /**
   * Whether the three matrices of a batch fit into memory. One batch decides, because rings of several batches are
   * small.
   */
  private static boolean fits(LossEngine engine, BenchmarkCase benchmarkCase) {
    long memory = engine.diagnostics().facts().map(DeviceFacts::memoryBytes).orElse(0L);
    return memory == 0 || 3 * benchmarkCase.shape().matrixBytes(benchmarkCase.dtype()) < USABLE_MEMORY * memory;
  }
}
