package dev.temper.tools.bench;

import dev.temper.LossEngine;
import dev.temper.LossOutputs;
import dev.temper.PreparedLoss;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Times every launch plan for the rows of a benchmark case, and the plan that the engine chooses. The thresholds of the
 * choice are derived from such times. A plan is timed only if its loss and gradient equal those of the chosen plan.
 */
final class PlanSweep {

  /**
   * The chosen plan, timed again after all others; its ratio to the first time shows the drift of the device's clocks.
   */
  private static final String AGAIN = "RowPlan.chosenAgain";

  private static final String BEST = "RowPlan.best";
  private static final String RATIO = "timesChosen";

  /**
   * Number of plans that are compiled in parallel. A compilation uses one thread, and takes longer than a measurement.
   */
  private static final int AT_ONCE = Runtime.getRuntime().availableProcessors();

  private final BenchRun run;
  private final LossEngine engine;
  private final LossTimer timer;
  private final double secondsEach;
  private final BooleanSupplier stop;

  /** Adds measurements to a run, with a time limit for each benchmark case. */
  PlanSweep(BenchRun run, LossEngine engine, LossTimer timer, double secondsEach, BooleanSupplier stop) {
    this.run = run;
    this.engine = engine;
    this.timer = timer;
    this.secondsEach = secondsEach;
    this.stop = stop;
  }

  /** The progress of one benchmark case. */
  private record Sweep(BenchmarkCase chosen, BatchMemory memory, BatchRing ring, PlanOutputs expected,
      List<Measurement> timed, List<String> wrong) {
    /** Ratio of a time to that of the chosen plan. */
    double ratio(Measurement entry) {
      return entry.time().median() / timed.getFirst().time().median();
    }
  }

  /**
   * Measures the chosen plan, the others in the order of the engine, and the chosen one again. The time of the fastest
   * plan becomes one more measurement.
   */
  void measure(BenchmarkCase benchmarkCase, BatchMemory memory, BatchRing ring) throws IOException {
    LogitBatch batch = ring.batches().getFirst();
    List<String> plans = engine.diagnostics()
        .plans(benchmarkCase.loss().loss(), batch.inputs(), LossOutputs.gradient(batch.gradient()));
    if (plans.isEmpty()) {
      run.leaveOut(1, engine.describe() + " has no plans to choose from");
      return;
    }
    long start = System.nanoTime();
    run.find(plans.size() + 1);
    BenchmarkCase chosen = benchmarkCase.withPlan(plans.getFirst());
    Optional<Measurement> own = time(chosen, ring);
    if (own.isEmpty()) {
      return;
    }
    List<Measurement> timed = new ArrayList<>(List.of(own.get().as(chosen.benchmark(), RATIO, 1)));
    run.add(timed.getFirst());
    Sweep sweep = new Sweep(chosen, memory, ring, PlanOutputs.of(engine, chosen, memory, batch), timed,
        new ArrayList<>());
    for (int first = 1; first < plans.size(); first += AT_ONCE) {
      List<String> some = plans.subList(first, Math.min(plans.size(), first + AT_ONCE));
      List<String> ready = compiled(benchmarkCase, batch, some);
      for (String plan : ready) {
        if (stop.getAsBoolean()) {
          return;
        }
        if (timed.size() > 1 && System.nanoTime() - start > secondsEach * 1e9) {
          List<String> rest = new ArrayList<>(ready.subList(ready.indexOf(plan), ready.size()));
          rest.addAll(plans.subList(first + some.size(), plans.size()));
          run.leaveOut(rest.size(),
              benchmarkCase.shape() + " " + benchmarkCase.dtype() + ": out of time for " + String.join(", ", rest));
          finish(benchmarkCase, sweep);
          return;
        }
        measure(benchmarkCase.withPlan(plan), sweep);
      }
    }
    finish(benchmarkCase, sweep);
  }

  /** The plans that can be compiled and loaded; the others are noted. */
  private List<String> compiled(BenchmarkCase benchmarkCase, LogitBatch batch, List<String> plans) throws IOException {
    run.next(benchmarkCase + ": compiling " + plans.size() + " plans");
    List<String> failures = plans.parallelStream().map(plan -> {
      try (PreparedLoss _ = benchmarkCase.withPlan(plan).prepare(engine, batch.inputs(), batch.outputs())) {
        return "";
      } catch (RuntimeException e) { // the failures of a compiler are of any kind
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason");
      }
    }).toList();
    List<String> ready = new ArrayList<>();
    for (int i = 0; i < plans.size(); i++) {
      if (failures.get(i).isEmpty()) {
        ready.add(plans.get(i));
      } else {
        leaveOut(benchmarkCase.withPlan(plans.get(i)), failures.get(i));
      }
    }
    return ready;
  }

  private void measure(BenchmarkCase planned, Sweep sweep) throws IOException {
    run.next(planned.toString());
    try {
      String difference = PlanOutputs.of(engine, planned, sweep.memory(), sweep.ring().batches().getFirst())
          .differenceFrom(sweep.expected(), planned.dtype());
      if (!difference.isEmpty()) {
        sweep.wrong().add(planned.plan() + ": " + difference);
        leaveOut(planned, "WRONG, and not timed: " + difference);
        return;
      }
      Optional<Measurement> entry = time(planned, sweep.ring());
      if (entry.isPresent()) {
        sweep.timed().add(entry.get().as(planned.benchmark(), RATIO, sweep.ratio(entry.get())));
        run.add(sweep.timed().getLast());
      }
    } catch (RuntimeException e) { // a plan that the device cannot launch is a result too
      leaveOut(planned, String.valueOf(e.getMessage()));
      engine.synchronize(); // throws if the device has failed for good
    }
  }

  private void finish(BenchmarkCase benchmarkCase, Sweep sweep) throws IOException {
    Optional<Measurement> again = time(sweep.chosen(), sweep.ring());
    if (again.isPresent()) {
      run.add(again.get().as(AGAIN, RATIO, sweep.ratio(again.get())));
      run.add(SweptPlans.fastest(sweep.timed()).as(BEST, "plansTimed", sweep.timed().size()));
      List<Measurement> timed = sweep.timed();
      run.swept(new SweptPlans(benchmarkCase, sweep.ring().batches().getFirst(), timed.getFirst(),
          timed.subList(1, timed.size()), again.get(), sweep.wrong()));
    }
  }

  private Optional<Measurement> time(BenchmarkCase planned, BatchRing ring) {
    run.next(planned.toString());
    return timer.time(planned, ring, stop);
  }

  private void leaveOut(BenchmarkCase planned, String why) throws IOException {
    run.leaveOut(1, planned + ": " + why);
    run.report();
  }
}
