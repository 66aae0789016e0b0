package dev.temper.bench;

import dev.temper.DType;
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
 */
public record Work(BenchLoss loss, BatchShape shape, DType dtype, Pass pass, Launching launching) {

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

  /** Launched kernel by kernel. */
  public static Work eager(BenchLoss loss, BatchShape shape, DType dtype, Pass pass) {
    return new Work(loss, shape, dtype, pass, Launching.EAGER);
  }

  /** Bytes that cannot be avoided: logits read once, the gradient written once. */
  public long leastTraffic() {
    int matrices = (loss.readsTeacher() ? 2 : 1) + (pass == Pass.FORWARD_BACKWARD ? 1 : 0);
    return matrices * shape.matrixBytes(dtype);
  }

  /** What an entry of a result file is called. */
  public String benchmark() {
    return "TemperLoss." + pass.label;
  }

  /** What of it a result file names. */
  public Map<String, String> parameters() {
    Map<String, String> parameters = new TreeMap<>();
    parameters.put("shape", shape.toString());
    parameters.put("dtype", dtype.name());
    parameters.put("loss", loss.label());
    parameters.put("launch", launching.name().toLowerCase(Locale.ROOT));
    if (loss.readsTeacher()) {
      parameters.put("temperature", Double.toString(loss.temperature()));
    }
    return parameters;
  }

  @Override
  public String toString() {
    String temperature = loss.readsTeacher() ? " T " + loss.temperature() : "";
    return shape + " " + dtype + " " + loss.label() + temperature + (pass == Pass.FORWARD ? " forward" : "")
        + (launching == Launching.GRAPH ? " as a graph" : "");
  }
}
