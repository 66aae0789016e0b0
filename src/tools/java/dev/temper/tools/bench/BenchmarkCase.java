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
 * One configuration of a benchmark.
 *
 * @param loss the loss
 * @param shape rows and classes
 * @param dtype dtype of student, teacher and gradient
 * @param passes whether the gradient is computed too
 * @param launchMode whether the kernels are launched one by one or as a graph
 * @param plan name of a launch plan; empty for the plan that the engine chooses
 */
public record BenchmarkCase(
    BenchLoss loss, BatchShape shape, DType dtype, Passes passes, LaunchMode launchMode, String plan) {

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

  /** The way of launching the kernels of a loss. */
  public enum LaunchMode {
    /** The kernels are launched one by one. */
    EAGER,
    /** The kernels are launched together, as a CUDA graph. */
    GRAPH
  }

  /** A case with the plan that the engine chooses. */
  public static BenchmarkCase of(BenchLoss loss, BatchShape shape, DType dtype, Passes passes, LaunchMode launchMode) {
    return new BenchmarkCase(loss, shape, dtype, passes, launchMode, "");
  }

  /** A case whose kernels are launched one by one. */
  public static BenchmarkCase eager(BenchLoss loss, BatchShape shape, DType dtype, Passes passes) {
    return of(loss, shape, dtype, passes, LaunchMode.EAGER);
  }

  /** The same case with another launch plan. */
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

  /** Least traffic: logits are read once, the gradient is written once. */
  public long leastTraffic() {
    int matrices = (loss.readsTeacher() ? 2 : 1) + (passes == Passes.FORWARD_BACKWARD ? 1 : 0);
    return matrices * shape.matrixBytes(dtype);
  }

  /** The name of the measurement in a result file. */
  public String benchmark() {
    return (plan.isEmpty() ? "TemperLoss." : "RowPlan.") + passes.label;
  }

  /** The parameters of the measurement in a result file. */
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
