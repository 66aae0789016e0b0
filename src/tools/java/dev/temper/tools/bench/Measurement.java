package dev.temper.tools.bench;

import java.util.Map;
import java.util.TreeMap;

/**
 * The measurement of one configuration.
 *
 * @param benchmark name of the benchmark, such as {@code TemperLoss.forwardBackward}
 * @param parameters parameters of the configuration, by name
 * @param unit unit of the time
 * @param time times of one call
 * @param also further numbers of one call, such as {@code allocatedBytes} on the Java heap, {@code peakBytes} of memory
 *     and {@code leastBytes}, its least traffic
 */
public record Measurement(
    String benchmark, Map<String, String> parameters, String unit, Quantiles time, Map<String, Double> also) {

  /** Sorts the maps, so that result files can be compared line by line. */
  public Measurement {
    parameters = new TreeMap<>(parameters);
    also = new TreeMap<>(also);
  }

  /** Value of a parameter; empty if there is none of that name. */
  public String parameter(String name) {
    return parameters.getOrDefault(name, "");
  }

  /** One of the further numbers; NaN if there is none of that name. */
  public double also(String name) {
    return also.getOrDefault(name, Double.NaN);
  }

  /** Returns this measurement under another name, with one more number. */
  Measurement as(String name, String number, double value) {
    Map<String, Double> more = new TreeMap<>(also);
    more.put(number, value);
    return new Measurement(name, parameters, unit, time, more);
  }

  /** Identifies the configuration across runs. */
  public String key() {
    return benchmark + " " + parameters;
  }
}
