package dev.temper.bench;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Times loss and gradient on an engine that reads host memory, shape by shape.
 *
 * @param loss what is computed
 * @param shapes rows and classes, in the order of the report
 * @param dtypes of student, teacher and gradient
 * @param repetition how often
 */
public record LossBench(DistillationLoss loss, List<BatchShape> shapes, List<DType> dtypes, Repetition repetition) {

  /** Told what is about to be measured. */
  @FunctionalInterface
  public interface Progress {
    /** {@code done} of {@code total} steps are done; {@code next} comes now. */
    void at(int done, int total, String next);
  }

  /** What has been measured; less than was planned if it was stopped. */
  public record Report(Machine machine, Quietness quietness, Optional<CopyRate> copyRate, List<LossTiming> timings, boolean complete) {}

  /**
   * Measures the copy rate and then every shape and dtype.
   *
   * @param stop asked between calls; ends the run with what there is
   */
  public Report run(LossEngine engine, Progress progress, BooleanSupplier stop) {
    Machine machine = Machine.here();
    int steps = shapes.size() * dtypes.size() + 1;
    QuietWatch watch = QuietWatch.begin();
    progress.at(0, steps, "copy rate");
    Optional<CopyRate> copy = CopyRate.measure(machine.cores(), machine.lastLevelCacheBytes(), Repetition.brief(), stop);
    List<LossTiming> timings = new ArrayList<>();
    int done = 1;
    for (DType dtype : dtypes) {
      for (BatchShape shape : shapes) {
        if (!stop.getAsBoolean()) {
          progress.at(done++, steps, shape + " " + dtype);
          time(engine, shape, dtype, machine, stop).ifPresent(timings::add);
        }
      }
    }
    return new Report(machine, watch.end(), copy, timings, timings.size() == steps - 1);
  }

  private Optional<LossTiming> time(LossEngine engine, BatchShape shape, DType dtype, Machine machine, BooleanSupplier stop) {
    try (Arena arena = Arena.ofShared()) {
      BatchRing ring = BatchRing.coldIn(arena, shape, dtype, machine.lastLevelCacheBytes());
      Runnable call = () -> {
        LogitBatch batch = ring.next();
        engine.forwardBackward(loss, batch.inputs(), batch.outputs()).totals();
      };
      return repetition.milliseconds(call, stop).map(spread -> new LossTiming(shape, dtype, spread, ring.size()));
    }
  }
}
