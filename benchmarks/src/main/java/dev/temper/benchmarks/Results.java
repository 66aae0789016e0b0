package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.bench.BatchShape;
import dev.temper.bench.Entry;
import dev.temper.bench.ResultFile;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Looks up entries of one result file by what was varied. */
record Results(ResultFile file) {

  static final String TEMPER = "TemperLoss.forwardBackward";
  static final String TORCH = "TorchLoss.forwardBackward";

  /** The result file of a group, if it was run. */
  static Optional<Results> of(Group group, List<ResultFile> files) {
    return of(group.label(), files);
  }

  /** The result file of a group of that name, if there is one. */
  static Optional<Results> of(String group, List<ResultFile> files) {
    return files.stream().filter(file -> file.group().equals(group)).findFirst().map(Results::new);
  }

  /** The first entry of a benchmark that has all the given parameters. */
  Optional<Entry> find(String benchmark, Map<String, String> parameters) {
    return file.entries().stream()
        .filter(entry -> entry.benchmark().equals(benchmark) && entry.parameters().entrySet().containsAll(parameters.entrySet()))
        .findFirst();
  }

  /** Median milliseconds; NaN if it was not run. */
  double milliseconds(String benchmark, Map<String, String> parameters) {
    return find(benchmark, parameters).map(entry -> entry.time().median()).orElse(Double.NaN);
  }

  /** Values of a parameter, in the order of the run. */
  Set<String> values(String parameter) {
    Set<String> values = new LinkedHashSet<>();
    file.entries().stream().map(entry -> entry.parameter(parameter)).filter(value -> !value.isEmpty()).forEach(values::add);
    return values;
  }

  /** Rate at which a loss moved the bytes that it cannot avoid. */
  static double gigabytesPerSecond(Entry entry) {
    double bytes = entry.also().containsKey("leastBytes") ? entry.also("leastBytes")
        : BatchShape.parse(entry.parameter("shape")).leastTraffic(DType.valueOf(entry.parameter("dtype")));
    return bytes / (entry.time().median() * 1e6);
  }
}
