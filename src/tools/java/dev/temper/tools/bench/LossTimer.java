package dev.temper.tools.bench;

import dev.temper.LossEngine;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.PreparedLoss;
import dev.temper.diagnostics.Stopwatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Times each launch of a prepared loss on its own: on a device between two events after a flush of its L2 cache, in
 * host memory by the clock.
 */
final class LossTimer implements AutoCloseable {

  private final LossEngine engine;
  private final Repetition repetition;
  private final Stopwatch watch;
  private final @Nullable L2Flush flush;

  LossTimer(LossEngine engine, Repetition repetition) {
    this.engine = engine;
    this.repetition = repetition;
    watch = engine.diagnostics().stopwatch();
    flush = engine.diagnostics().facts().map(facts -> new L2Flush(engine, facts.cacheBytes())).orElse(null);
  }

  /**
   * Times one case over the batches of a ring in rotation.
   *
   * @return the measurement; empty if it was stopped before the first sample
   * @throws IllegalArgumentException if the engine does not support the loss, or the case is a graph and the engine has
   *     none
   * @throws IllegalStateException if the loss is not finite
   */
  Optional<Measurement> time(BenchmarkCase benchmarkCase, BatchRing ring, BooleanSupplier stop) {
    List<PreparedLoss> prepared = new ArrayList<>();
    try {
      for (LogitBatch batch : ring.batches()) {
        boolean forward = benchmarkCase.passes() == BenchmarkCase.Passes.FORWARD;
        LossOutputs outputs = forward ? LossOutputs.none() : batch.outputs();
        prepared.add(benchmarkCase.prepare(engine, batch.inputs(), outputs));
      }
      int[] next = {0};
      Optional<Quantiles> quantiles = repetition.samples(() -> {
        PreparedLoss loss = prepared.get(next[0]);
        next[0] = (next[0] + 1) % prepared.size();
        return milliseconds(loss::launch);
      }, stop);
      return quantiles.map(time -> entry(benchmarkCase, time, prepared));
    } finally {
      prepared.forEach(PreparedLoss::close);
    }
  }

  /** Times launches of another kind. */
  Optional<Quantiles> time(Runnable launch, BooleanSupplier stop) {
    return repetition.samples(() -> milliseconds(launch), stop);
  }

  private double milliseconds(Runnable launch) {
    if (flush != null) {
      flush.run();
    }
    watch.start();
    launch.run();
    return watch.stop();
  }

  /**
   * Returns the measurement, after a check of the totals of the first batch. Every launch of a batch has the same
   * totals.
   */
  private static Measurement entry(BenchmarkCase benchmarkCase, Quantiles time, List<PreparedLoss> prepared) {
    PreparedLoss first = prepared.getFirst();
    LossTotals totals = first.totals();
    if (!Double.isFinite(totals.total()) || totals.nonFiniteRows() > 0) {
      throw new IllegalStateException(benchmarkCase + ": the loss is " + totals.total() + " with "
          + totals.nonFiniteRows() + " non-finite rows, expected finite ones: nothing was measured; run temper verify");
    }
    Map<String, Double> also = new HashMap<>();
    also.put("batches", (double) prepared.size());
    also.put("leastBytes", (double) benchmarkCase.leastTraffic());
    also.put("total", totals.total());
    if (first.deviceBytes() > 0) {
      also.put("peakBytes", (double) first.deviceBytes());
    }
    first.footprint().filter(_ -> !benchmarkCase.plan().isEmpty()).ifPresent(footprint -> {
      also.put("threads", (double) footprint.threads());
      also.put("registers", (double) footprint.registers());
      also.put("localBytes", (double) footprint.localBytes());
      also.put("sharedBytes", (double) footprint.sharedBytes());
      also.put("residentBlocks", (double) footprint.residentBlocks());
      also.put("bytesInFlight", (double) footprint.bytesInFlight());
    });
    return new Measurement(benchmarkCase.benchmark(), benchmarkCase.parameters(), "ms", time, also);
  }

  @Override
  public void close() {
    watch.close();
    if (flush != null) {
      flush.close();
    }
  }
}
