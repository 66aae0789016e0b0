package dev.temper.benchmarks;

import dev.temper.bench.Spread;
import java.util.Map;
import java.util.TreeMap;

/**
 * One measured configuration.
 *
 * @param benchmark class and method, such as {@code TemperLoss.forwardBackward}
 * @param parameters what was varied, by name
 * @param unit of the time
 * @param time of one call
 * @param also further numbers of one call: {@code allocatedBytes} on the Java heap, {@code peakBytes}
 */
public record Entry(String benchmark, Map<String, String> parameters, String unit, Spread time, Map<String, Double> also) {

  /** Sorts the maps, so that two files of the same run order are equal line by line. */
  public Entry {
    parameters = new TreeMap<>(parameters);
    also = new TreeMap<>(also);
  }

  /** Value of a parameter; empty if the benchmark has none of that name. */
  String parameter(String name) {
    return parameters.getOrDefault(name, "");
  }

  /** What identifies the configuration across runs. */
  String key() {
    return benchmark + " " + parameters;
  }
}
