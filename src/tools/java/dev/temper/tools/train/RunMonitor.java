package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleSupplier;

/** Watches the training of one model: times, learning curve, the comparison with the reference, progress. */
final class RunMonitor implements TrainingObserver {

  /** Points of a learning curve, and of comparisons with the reference: enough to see the shape, at a few percent of the time. */
  private static final int POINTS = 24;

  private final String name;
  private final int steps;
  private final CrossCheck crossCheck;
  private final DoubleSupplier validation;
  private final WorkLog work;
  private final long workPerStep;
  private final List<Outcome.Point> curve = new ArrayList<>();
  private long nanos;
  private long lossNanos;
  private double lossSum;
  private int lossCount;

  RunMonitor(String name, int steps, CrossCheck crossCheck, DoubleSupplier validation, WorkLog work, long workPerStep) {
    this.name = name;
    this.steps = steps;
    this.crossCheck = crossCheck;
    this.validation = validation;
    this.work = work;
    this.workPerStep = workPerStep;
  }

  @Override
  public void stepped(Step step, DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    nanos += step.nanos();
    lossNanos += step.lossNanos();
    lossSum += step.totals().total();
    lossCount++;
    int every = Math.max(1, steps / POINTS);
    if (step.number() % every == 0 || step.number() == steps) {
      crossCheck.check(loss, inputs, outputs, step.totals().countedRows());
      curve.add(new Outcome.Point(step.number(), lossSum / lossCount, validation.getAsDouble()));
      lossSum = 0;
      lossCount = 0;
    }
    work.done(workPerStep, String.format(Locale.ROOT, "%s: step %d of %d, loss %.3f", name, step.number(), steps, step.totals().total()));
  }

  Outcome outcome(long parameters, Quality heldOut) {
    return new Outcome(name, parameters, heldOut, List.copyOf(curve), steps, nanos / 1e9 / steps, (double) lossNanos / nanos);
  }
}
