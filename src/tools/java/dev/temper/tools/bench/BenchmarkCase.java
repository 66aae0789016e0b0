package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.PreparedLoss;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * One thing that is timed.
 *
 * @param loss what is computed
 * @param shape rows and classes
 * @param dtype of student, teacher and gradient
 * @param passes with or without the gradient
 * @param launchMode how it is launched
 * @param plan one of {@link dev.temper.LossEngine#plans}; empty: the one that the engine takes
 */
public record BenchmarkCase(BenchLoss loss, BatchShape shape, DType dtype, Passes passes, LaunchMode launchMode, String plan) {

  /** Whether the gradient is computed. */
  public enum Passes {
    /** The loss alone. */
    FORWARD("forward"),
    /** Loss and gradient in one pass. */
    FORWARD_BACKWARD("forwardBackward");

    private final String label;

    Passes(String label) {
      this.label = label;
    }
  }

  /** How the device is given its work. */
  public enum LaunchMode {
    /** Kernel by kernel. */
    EAGER,
    /** All of them at once, as a CUDA graph. */
    GRAPH
  }

  /** By the engine's own plan. */
  public static BenchmarkCase of(BenchLoss loss, BatchShape shape, DType dtype, Passes passes, LaunchMode launchMode) {
    return new BenchmarkCase(loss, shape, dtype, passes, launchMode, "");
  }

  /** Launched kernel by kernel. */
  public static BenchmarkCase eager(BenchLoss loss, BatchShape shape, DType dtype, Passes passes) {
    return of(loss, shape, dtype, passes, LaunchMode.EAGER);
  }

  /** The same by a plan of the caller's choice. */
  BenchmarkCase withPlan(String name) {
    return new BenchmarkCase(loss, shape, dtype, passes, launchMode, name);
  }

  /** Prepares the loss over a batch, and records its graph if it is launched as one. */
  PreparedLoss prepare(LossEngine engine, LossInputs inputs, LossOutputs outputs) {
    PreparedLoss prepared = plan.isEmpty()
        ? engine.prepare(loss.loss(), inputs, outputs)
        : engine.diagnostics().prepare(loss.loss(), inputs, outputs, plan);
    if (launchMode == LaunchMode.GRAPH) {
      try {
        prepared.recordGraph();
      } catch (RuntimeException e) {
        prepared.close();
        throw e;
      }
    }
    return prepared;
  }

  /** Bytes that cannot be avoided: logits read once, the gradient written once. */
  public long leastTraffic() {
    int matrices = (loss.readsTeacher() ? 2 : 1) + (passes == Passes.FORWARD_BACKWARD ? 1 : 0);
    return matrices * shape.matrixBytes(dtype);
  }

  /** What an entry of a result file is called. */
  public String benchmark() {
    return (plan.isEmpty() ? "TemperLoss." : "RowPlan.") + passes.label;
  }

  /** What of it a result file names. */
  public Map<String, String> parameters() {
    Map<String, String> parameters = new TreeMap<>();
    parameters.put("shape", shape.toString());
    parameters.put("dtype", dtype.name());
    parameters.put("loss", loss.label());
    parameters.put("launch", launchMode.name().toLowerCase(Locale.ROOT));
    if (!plan.isEmpty()) {
      parameters.put("plan", plan);
    }
    if (loss.readsTeacher()) {
      parameters.put("temperature", Double.toString(loss.temperature()));
    }
    return parameters;
  }

  @Override
  public String toString() {
    String temperature = loss.readsTeacher() ? " T " + loss.temperature() : "";
    return shape + " " + dtype + " " + loss.label() + temperature + (passes == Passes.FORWARD ? " forward" : "")
        + (launchMode == LaunchMode.GRAPH ? " as a graph" : "") + (plan.isEmpty() ? "" : " by " + plan);
  }
}
