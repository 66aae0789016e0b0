package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.tools.bench.BenchmarkCase.LaunchMode;
import java.util.Locale;
import java.util.Map;

/**
 * One head of a benchmark. Its loss and both gradients are timed, launched one by one and as a graph, and so are its
 * four matrix products alone.
 *
 * @param loss the loss
 * @param shape sizes of the head
 * @param dtype dtype of hidden states and weights; the gradient with respect to the weight is F32
 */
public record HeadCase(BenchLoss loss, HeadShape shape, DType dtype) {

  /** Measurements of each case. */
  static final int ENTRIES = 1 + LaunchMode.values().length;

  /** The parameters of a measurement in a result file. */
  Map<String, String> parameters(LaunchMode mode) {
    return Map.of("head", shape.toString(), "dtype", dtype.name(), "loss", loss.label(), "temperature",
        Double.toString(loss.temperature()), "launch", mode.name().toLowerCase(Locale.ROOT));
  }

  /** The parameters of the products, which do not depend on the loss. */
  Map<String, String> productParameters() {
    return Map.of("head", shape.toString(), "dtype", dtype.name());
  }

  @Override
  public String toString() {
    return "head " + shape + " " + dtype + " " + loss.label() + " T " + loss.temperature();
  }
}
