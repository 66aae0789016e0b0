package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.tools.bench.BatchShape;
import dev.temper.tools.bench.Measurement;
import dev.temper.tools.bench.ResultFile;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Finds measurements of one result file by their parameters. */
record Results(ResultFile file) {

  static final String TEMPER = "TemperLoss.forwardBackward";
  static final String TORCH = "TorchLoss.forwardBackward";

  private static final String FILE_READ = "FileRead.";
  private static final String LEAST_BYTES = "leastBytes";

  /** The result file of a group, if it was run. */
  static Optional<Results> of(BenchmarkGroup group, List<ResultFile> files) {
    return of(group.label(), files);
  }

  /** The result file of a group of that name, if there is one. */
  static Optional<Results> of(String group, List<ResultFile> files) {
    return files.stream().filter(file -> file.group().equals(group)).findFirst().map(Results::new);
  }

  /** The result files of a group of that name. */
  static List<Results> all(String group, List<ResultFile> files) {
    return files.stream().filter(file -> file.group().equals(group)).map(Results::new).toList();
  }

  /** The first measurement of a benchmark with all these parameters. */
  Optional<Measurement> find(String benchmark, Map<String, String> parameters) {
    return file.entries().stream()
        .filter(entry -> entry.benchmark().equals(benchmark)
            && entry.parameters().entrySet().containsAll(parameters.entrySet()))
        .findFirst();
  }

  /** Median of the first such measurement in its unit; NaN if there is none. */
  double median(String benchmark, Map<String, String> parameters) {
    return find(benchmark, parameters).map(entry -> entry.time().median()).orElse(Double.NaN);
  }

  /** Values of a parameter, in the order of the run. */
  Set<String> values(String parameter) {
    Set<String> values = new LinkedHashSet<>();
    file.entries().stream().map(entry -> entry.parameter(parameter)).filter(value -> !value.isEmpty())
        .forEach(values::add);
    return values;
  }

  /** Least traffic of a loss, or bytes of a file, divided by the time; NaN for other measurements. */
  static double gigabytesPerSecond(Measurement entry) {
    return entry.unit().equals("ms") ? bytes(entry) / (entry.time().median() * 1e6) : Double.NaN;
  }

  private static double bytes(Measurement entry) {
    if (entry.benchmark().startsWith(FILE_READ)) {
      return FileRead.bytes(entry.parameter("shape"));
    }
    return entry.benchmark().equals(TEMPER) && !entry.also().containsKey(LEAST_BYTES)
        ? BatchShape.parse(entry.parameter("shape")).leastTraffic(DType.valueOf(entry.parameter("dtype")))
        : entry.also(LEAST_BYTES);
  }
}
