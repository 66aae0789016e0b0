package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.Divergence;
import dev.temper.LossEngine;
import dev.temper.PreparedLoss;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * The host's cost of one launch, on a batch that is almost no work for the device: the time until the call returns, and
 * the time until its totals are on the host.
 *
 * @param benchmarkCase a small batch, launched eagerly or as a graph
 */
public record LaunchCost(BenchmarkCase benchmarkCase) {

  /**
   * Launches that are submitted together. A stream queues about a thousand operations, and a launch has at most four.
   */
  public static final int BURST = 100;

  /** Measurements of {@link #measure}. */
  static final int ENTRIES = 2;

  private static final double MICROSECONDS = 1e-3;

  /**
   * A prepared loss over the small batch.
   *
   * @param memory memory of the batch
   * @param batch the batch
   * @param loss the loss over it
   */
  public record Launches(BatchMemory memory, LogitBatch batch, PreparedLoss loss) implements AutoCloseable {

    /** Submits {@link #BURST} launches. */
    public void submit() {
      for (int i = 0; i < BURST; i++) {
        loss.launch();
      }
    }

    private void complete() {
      loss.launch();
      loss.totals();
    }

    @Override
    public void close() {
      loss.close();
      memory.close();
    }
  }

  /** Returns the cost of a launch with 16 rows of 1,000 classes. */
  public static LaunchCost of(BenchmarkCase.LaunchMode launchMode) {
    return of(launchMode, 1_000);
  }

  /** Returns the cost of a launch with 16 rows of {@code classes} classes. */
  public static LaunchCost of(BenchmarkCase.LaunchMode launchMode, int classes) {
    BenchLoss loss = new BenchLoss(BenchLoss.Objective.BOTH, Divergence.forwardKl(), 2);
    return new LaunchCost(
        BenchmarkCase.of(loss, new BatchShape(16, classes), DType.BF16, BenchmarkCase.Passes.FORWARD_BACKWARD,
            launchMode));
  }

  /** Prepares the loss on an engine, and records its graph if it is launched as one. */
  public Launches prepare(LossEngine engine) {
    BatchMemory memory = BatchMemory.of(engine);
    try {
      LogitBatch batch = BatchRing.warm(memory, benchmarkCase.shape(), benchmarkCase.dtype()).next();
      return new Launches(memory, batch, benchmarkCase.prepare(engine, batch.inputs(), batch.outputs()));
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  /** Measures both times; empty if it was stopped before the first sample. */
  List<Measurement> measure(LossEngine engine, Repetition repetition, BooleanSupplier stop) {
    List<Measurement> entries = new ArrayList<>();
    try (Launches launches = prepare(engine)) {
      repetition.samples(() -> {
        double time = microseconds(launches::submit) / BURST;
        engine.synchronize();
        return time;
      }, stop).ifPresent(quantiles -> entries.add(entry("LaunchCost.submit", quantiles)));
      repetition.samples(() -> microseconds(launches::complete), stop)
          .ifPresent(quantiles -> entries.add(entry("LaunchCost.complete", quantiles)));
    }
    return entries;
  }

  private static double microseconds(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) * MICROSECONDS;
  }

  private Measurement entry(String benchmark, Quantiles time) {
    return new Measurement(benchmark, benchmarkCase.parameters(), "us", time, Map.of());
  }
}
