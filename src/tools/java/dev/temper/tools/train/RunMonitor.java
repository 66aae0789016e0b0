package dev.temper.tools.train;

import dev.temper.DistillationLoss;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;

/** Records the training of one model: times, learning curve, comparison with the reference and progress. */
final class RunMonitor implements TrainingObserver {

  /** Points of a learning curve, each with a comparison: enough to see the shape, at a few percent of the time. */
  private static final int POINTS = 24;

  private final String name;
  private final int plannedSteps;
  private final CrossCheck crossCheck;
  private final DoubleSupplier validation;
  private final WorkLog work;
  private final long workPerStep;
  private final BooleanSupplier stop;
  private final List<ModelOutcome.CurvePoint> curve = new ArrayList<>();
  private int steps;
  private long nanos;
  private long lossNanos;
  private double lossSum;
  private int lossCount;
  private long logitBytes;

  /**
   * A monitor of one model.
   *
   * @param validation computes the present validation cross-entropy of the model
   * @param stop whether the training should end after the current step
   */
  RunMonitor(
      String name,
      int plannedSteps,
      CrossCheck crossCheck,
      DoubleSupplier validation,
      WorkLog work,
      long workPerStep,
      BooleanSupplier stop) {
    this.name = name;
    this.plannedSteps = plannedSteps;
    this.crossCheck = crossCheck;
    this.validation = validation;
    this.work = work;
    this.workPerStep = workPerStep;
    this.stop = stop;
  }

  @Override
  public void computed(int step, LossTotals totals, DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    if (isPoint(step)) {
      crossCheck.check(loss, inputs, outputs, totals.countedRows());
    }
  }

  private boolean isPoint(int step) {
    return step % Math.max(1, plannedSteps / POINTS) == 0 || step == plannedSteps;
  }

  @Override
  public boolean stepped(TrainingStep step) {
    steps = step.number();
    nanos += step.nanos();
    lossNanos += step.lossNanos();
    lossSum += step.totals().total();
    lossCount++;
    logitBytes = Math.max(logitBytes, step.logitBytes());
    boolean last = stop.getAsBoolean() || steps == plannedSteps;
    if (isPoint(steps) || last) {
      curve.add(new ModelOutcome.CurvePoint(steps, lossSum / lossCount, validation.getAsDouble()));
      lossSum = 0;
      lossCount = 0;
    }
    work.done(workPerStep,
        String.format(Locale.ROOT, "%s: step %d of %d, loss %.3f", name, steps, plannedSteps, step.totals().total()));
    return !last;
  }

  ModelOutcome outcome(long parameters, Quality.Judged heldOut) {
    return new ModelOutcome(name, parameters, heldOut.quality(), List.copyOf(curve), steps, plannedSteps,
        nanos / 1e9 / steps, (double) lossNanos / nanos, Math.max(logitBytes, heldOut.logitBytes()));
  }
}
