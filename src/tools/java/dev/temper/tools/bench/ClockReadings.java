package dev.temper.tools.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Repeated readings of the clocks, temperature and power of a GPU. One thread may add readings while another reads
 * medians.
 */
final class ClockReadings {

  private static final List<String> NAMES = List.of("smMegahertz", "memoryMegahertz", "celsius", "watts");

  private final List<double[]> readings = new ArrayList<>();

  /** Adds a line such as {@code 1980, 3201, 45, 512.3}; a field that is not a number counts as missing. */
  synchronized void add(String line) {
    String[] fields = line.split(",", -1);
    double[] reading = new double[NAMES.size()];
    for (int i = 0; i < reading.length; i++) {
      try {
        reading[i] = i < fields.length ? Double.parseDouble(fields[i].strip()) : Double.NaN;
      } catch (NumberFormatException e) {
        reading[i] = Double.NaN;
      }
    }
    readings.add(reading);
  }

  /** Medians by name and unit; a value that is always missing has none. */
  synchronized Map<String, Double> medians() {
    Map<String, Double> medians = new LinkedHashMap<>();
    for (int i = 0; i < NAMES.size(); i++) {
      int column = i;
      double[] values = readings.stream().mapToDouble(reading -> reading[column])
          .filter(value -> !Double.isNaN(value)).toArray();
      if (values.length > 0) {
        medians.put(NAMES.get(i), Quantiles.of(values).median());
      }
    }
    return medians;
  }
}
