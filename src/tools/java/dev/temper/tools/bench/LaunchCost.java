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
 * What one launch costs the host, on a batch that costs the device next to nothing: how long the call takes to return, and how
 * long until its totals are there.
 *
 * @param benchmarkCase small batch, eager or as a graph
 */
public record LaunchCost(BenchmarkCase benchmarkCase) {

  /** What {@link #measure} makes. */
  static final int ENTRIES = 2;

  /** Fewer than what a stream queues before it makes the host wait. */
  private static final int BURST = 20;
  private static final double MICROSECONDS = 1e-3;

  /** 16 rows of 1,000 classes. */
  public static LaunchCost of(BenchmarkCase.LaunchMode launchMode) {
    BenchLoss loss = new BenchLoss(BenchLoss.Objective.BOTH, Divergence.forwardKl(), 2);
    return new LaunchCost(BenchmarkCase.of(loss, new BatchShape(16, 1000), DType.BF16, BenchmarkCase.Passes.FORWARD_BACKWARD, launchMode));
  }

  /** Measures; empty if it was stopped before the first sample. */
  List<Measurement> measure(LossEngine engine, Repetition repetition, BooleanSupplier stop) {
    List<Measurement> entries = new ArrayList<>();
    try (BatchMemory memory = BatchMemory.of(engine)) {
      LogitBatch batch = BatchRing.warm(memory, benchmarkCase.shape(), benchmarkCase.dtype()).next();
      try (PreparedLoss loss = engine.prepare(benchmarkCase.loss().loss(), batch.inputs(), batch.outputs())) {
        if (benchmarkCase.launchMode() == BenchmarkCase.LaunchMode.GRAPH) {
          loss.recordGraph();
        }
        repetition.samples(() -> submit(engine, loss), stop).ifPresent(spread -> entries.add(entry("LaunchCost.submit", spread)));
        repetition.samples(() -> complete(loss), stop).ifPresent(spread -> entries.add(entry("LaunchCost.complete", spread)));
      }
    }
    return entries;
  }

  private static double submit(LossEngine engine, PreparedLoss loss) {
    long start = System.nanoTime();
    for (int i = 0; i < BURST; i++) {
      loss.launch();
    }
    double time = (System.nanoTime() - start) * MICROSECONDS / BURST;
    engine.synchronize();
    return time;
  }

  private static double complete(PreparedLoss loss) {
    long start = System.nanoTime();
    loss.launch();
    loss.totals();
    return (System.nanoTime() - start) * MICROSECONDS;
  }

  private Measurement entry(String benchmark, Quantiles time) {
    return new Measurement(benchmark, benchmarkCase.parameters(), "us", time, Map.of());
  }
}
