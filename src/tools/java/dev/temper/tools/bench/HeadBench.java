package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.DeviceException;
import dev.temper.EngineUnavailableException;
import dev.temper.HeadWorkspace;
import dev.temper.LossEngine;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.MatrixView;
import dev.temper.PreparedLoss;
import dev.temper.diagnostics.HeadProducts;
import dev.temper.tools.bench.BenchmarkCase.LaunchMode;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Times heads, and their four matrix products over all rows: the logits of student and teacher, and the gradients with
 * respect to weight and hidden states.
 *
 * @param run receives measurements and notes
 * @param engine the engine
 * @param timer times launches
 * @param stop checked between calls; ends the measurement
 */
record HeadBench(BenchRun run, LossEngine engine, LossTimer timer, BooleanSupplier stop) {

  /** Measures one case. A case that the device does not support is noted, and the run continues. */
  void measure(HeadCase one) throws IOException {
    if (stop.getAsBoolean()) {
      return;
    }
    run.next(one + ": making hidden states and weights");
    int before = run.measured();
    try (BatchMemory memory = BatchMemory.of(engine)) {
      HiddenBatch batch = HiddenBatch.of(memory, one.shape(), one.dtype());
      double products = products(one, batch);
      for (LaunchMode mode : LaunchMode.values()) {
        head(one, batch, mode, products);
      }
    } catch (EngineUnavailableException e) {
      leaveOut(before, String.valueOf(e.getMessage()));
    } catch (DeviceException e) {
      if (!e.isOutOfMemory()) {
        throw e;
      }
      leaveOut(before, one + " ended early: " + e.getMessage());
    }
  }

  private void leaveOut(int before, String why) {
    run.leaveOut(HeadCase.ENTRIES - (run.measured() - before), why);
  }

  /** Returns the median of the products; NaN if it was not measured. */
  private double products(HeadCase one, HiddenBatch batch) throws IOException {
    run.next(one + ": its products");
    // The matrices of all rows are freed before the head is timed, because a head never holds them.
    try (BatchMemory memory = BatchMemory.of(engine); HeadProducts products = engine.diagnostics().products()) {
      MatrixView logits = memory.empty(one.shape().logits(), DType.F32);
      MatrixView teacherLogits = memory.empty(one.shape().logits(), DType.F32);
      MatrixView gradient = memory.empty(one.shape().logits(), one.dtype());
      products.logits(batch.hidden(), batch.weight(), gradient);
      Optional<Quantiles> time = timer.time(() -> {
        products.logits(batch.hidden(), batch.weight(), logits);
        products.logits(batch.teacherHidden(), batch.teacherWeight(), teacherLogits);
        products.weightGradient(gradient, batch.hidden(), batch.weightGradient());
        products.hiddenGradient(gradient, batch.weight(), batch.hiddenGradient());
      }, stop);
      if (time.isEmpty()) {
        return Double.NaN;
      }
      run.add(new Measurement("TemperHead.products", one.productParameters(), "ms", time.get(),
          Map.of("operations", one.shape().operations())));
      return time.get().median();
    }
  }

  private void head(HeadCase one, HiddenBatch batch, LaunchMode mode, double products) throws IOException {
    if (stop.getAsBoolean()) {
      return;
    }
    run.next(one + (mode == LaunchMode.GRAPH ? " as a graph" : ""));
    HeadWorkspace workspace = workspace(one, batch);
    try (PreparedLoss prepared = engine.prepare(one.loss().loss(), batch.inputs(), batch.outputs())) {
      if (mode == LaunchMode.GRAPH) {
        prepared.recordGraph();
      }
      Optional<Quantiles> time = timer.time(prepared::launch, stop);
      if (time.isPresent()) {
        run.add(new Measurement("TemperHead.forwardBackward", one.parameters(mode), "ms", time.get(),
            also(one, prepared, workspace, time.get().median() / products)));
      }
    } catch (IllegalArgumentException e) {
      run.leaveOut(1, String.valueOf(e.getMessage()));
    }
  }

  private HeadWorkspace workspace(HeadCase one, HiddenBatch batch) {
    LossResult result = engine.forwardBackward(one.loss().loss(), batch.inputs(), batch.outputs());
    result.totals();
    return result.workspace().orElseThrow();
  }

  private static Map<String, Double> also(HeadCase one, PreparedLoss prepared, HeadWorkspace workspace,
      double timesProducts) {
    LossTotals totals = prepared.totals();
    if (!Double.isFinite(totals.total()) || totals.nonFiniteRows() > 0) {
      throw new IllegalStateException(one + ": the loss is " + totals.total() + " with " + totals.nonFiniteRows()
          + " non-finite rows, expected finite ones: nothing was measured; run temper verify");
    }
    Map<String, Double> also = new HashMap<>();
    also.put("timesProducts", timesProducts);
    also.put("operations", one.shape().operations());
    also.put("workspaceLimit", (double) workspace.limit());
    also.put("workspaceBytes", (double) workspace.bytes());
    also.put("accumulatorBytes", (double) workspace.accumulatorBytes());
    also.put("chunks", (double) workspace.chunks());
    also.put("chunkRows", (double) workspace.chunkRows());
    also.put("total", totals.total());
    if (prepared.deviceBytes() > 0) {
      also.put("peakBytes", (double) prepared.deviceBytes());
    }
    return also;
  }
}
