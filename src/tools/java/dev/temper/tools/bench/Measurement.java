package dev.temper.tools.bench;

import java.util.Map;
import java.util.TreeMap;

/**
 * One measured configuration.
 *
 * @param benchmark what was measured, such as {@code TemperLoss.forwardBackward}
 * @param parameters what was varied, by name
 * @param unit of the time
 * @param time of one call
 * @param also further numbers of one call, such as {@code allocatedBytes} on the Java heap, {@code peakBytes}, {@code
 *     leastBytes} that it cannot avoid to move
 */
public record Measurement(String benchmark, Map<String, String> parameters, String unit, Quantiles time, Map<String, Double> also) {

  /** Sorts the maps, so that two files of the same run order are equal line by line. */
  public Measurement {
    parameters = new TreeMap<>(parameters);
    also = new TreeMap<>(also);
  }

  /** Value of a parameter; empty if the benchmark has none of that name. */
  public String parameter(String name) {
    return parameters.getOrDefault(name, "");
  }

  /** One of the further numbers; NaN if there is none of that name. */
  public double also(String name) {
    return also.getOrDefault(name, Double.NaN);
  }

  /** The same under another name of what was measured, with one more number. */
  Measurement as(String name, String number, double value) {
    Map<String, Double> more = new TreeMap<>(also);
    more.put(number, value);
    return new Measurement(name, parameters, unit, time, more);
  }

  /** What identifies the configuration across runs. */
  public String key() {
    return benchmark + " " + parameters;
  }
}
