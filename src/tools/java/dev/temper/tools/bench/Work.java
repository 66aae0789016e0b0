package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.DistillationLoss;
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
 * @param pass with or without the gradient
 * @param launching how it is launched
 * @param plan one of {@link dev.temper.diagnostics.EngineDiagnostics#plans}; empty: the one that the engine takes
 */
public record Work(BenchLoss loss, BatchShape shape, DType dtype, Pass pass, Launching launching, String plan) {

  /** Whether the gradient is computed. */
  public enum Pass {
    /** The loss alone. */
    FORWARD("forward"),
    /** Loss and gradient in one pass. */
    FORWARD_BACKWARD("forwardBackward");

    private final String label;

    Pass(String label) {
      this.label = label;
    }
  }

  /** How the device is given its work. */
  public enum Launching {
    /** Kernel by kernel. */
    EAGER,
    /** All of them at once, as a CUDA graph. */
    GRAPH
  }

  /** By the engine's own plan. */
  public static Work of(BenchLoss loss, BatchShape shape, DType dtype, Pass pass, Launching launching) {
    return new Work(loss, shape, dtype, pass, launching, "");
  }

  /** Launched kernel by kernel. */
  public static Work eager(BenchLoss loss, BatchShape shape, DType dtype, Pass pass) {
    return of(loss, shape, dtype, pass, Launching.EAGER);
  }

  /** The same by a plan of the caller's choice. */
  Work withPlan(String name) {
    return new Work(loss, shape, dtype, pass, launching, name);
  }

  /** Made ready over a batch. */
  PreparedLoss prepare(LossEngine engine, LossInputs inputs, LossOutputs outputs) {
    DistillationLoss described = loss.loss();
    return plan.isEmpty() ? engine.prepare(described, inputs, outputs) : engine.diagnostics().prepare(described, inputs, outputs, plan);
  }

  /** Bytes that cannot be avoided: logits read once, the gradient written once. */
  public long leastTraffic() {
    int matrices = (loss.readsTeacher() ? 2 : 1) + (pass == Pass.FORWARD_BACKWARD ? 1 : 0);
    return matrices * shape.matrixBytes(dtype);
  }

  /** What an entry of a result file is called. */
  public String benchmark() {
    return (plan.isEmpty() ? "TemperLoss." : "RowPlan.") + pass.label;
  }

  /** What of it a result file names. */
  public Map<String, String> parameters() {
    Map<String, String> parameters = new TreeMap<>();
    parameters.put("shape", shape.toString());
    parameters.put("dtype", dtype.name());
    parameters.put("loss", loss.label());
    parameters.put("launch", launching.name().toLowerCase(Locale.ROOT));
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
    return shape + " " + dtype + " " + loss.label() + temperature + (pass == Pass.FORWARD ? " forward" : "")
        + (launching == Launching.GRAPH ? " as a graph" : "") + (plan.isEmpty() ? "" : " by " + plan);
  }
}
