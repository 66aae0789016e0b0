package dev.temper.benchmarks;

import dev.temper.tools.bench.CopyRate;
import dev.temper.tools.bench.Machine;
import dev.temper.tools.bench.Measurement;
import dev.temper.tools.bench.Quantiles;
import dev.temper.tools.bench.QuietWatch;
import dev.temper.tools.bench.Quietness;
import dev.temper.tools.bench.Repetition;
import dev.temper.tools.bench.ResultFile;
import dev.temper.tools.bench.Revision;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Statistics;

/** Runs benchmarks with JMH and converts its results. */
final class JmhRun {

  private static final String[] JVM =
      {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Xms512m", "-Xmx2g"};

  private JmhRun() {}

  /** Measures a group, each configuration in its own process, and observes whether the machine is quiet. */
  static ResultFile measure(BenchmarkGroup group, Path sources) throws IOException, RunnerException {
    Machine machine = Machine.here();
    QuietWatch watch = QuietWatch.begin();
    CopyRate copy = CopyRate.measure(machine.cores(), machine.lastLevelCacheBytes(), Repetition.brief(), () -> false)
        .orElseThrow();
    List<Measurement> entries = new ArrayList<>(group.measured());
    for (ChainedOptionsBuilder run : group.runs()) {
      Options options = new OptionsBuilder().parent(run.build()).jvmArgs(JVM).shouldFailOnError(true).build();
      entries.addAll(entries(new Runner(options).run()));
    }
    Quietness quietness = watch.end();
    return new ResultFile(group.label(), Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), Revision.of(sources),
        machine, null,
        Map.of(), Provenance.versions(), copy.gigabytesPerSecond(), quietness.quiet(), quietness.disturbances(),
        quietness, 0, group.notes(), entries);
  }

  /** Runs every benchmark once, on small batches and in this process; the times are meaningless. */
  static List<Measurement> once() throws RunnerException {
    // Runs that measure nothing may run concurrently. Runner reads the property when its class is loaded.
    System.setProperty("jmh.ignoreLock", "true");
    return entries(new Runner(new OptionsBuilder()
        .include("dev\\.temper\\.benchmarks\\.")
        .param("shape", "64x1000").param("head", "16x24x1000").param("dtype", "F32", "BF16")
        .param("formula", "USUAL", "LOG_TARGET")
        .param("device", "auto")
        .param("teacher", "OTHER", "NEAR", "EQUAL").param("driver", DriverChoice.ofMachine().name())
        .mode(Mode.SingleShotTime).forks(0).warmupIterations(0).measurementIterations(1).shouldFailOnError(true)
        .verbosity(VerboseMode.SILENT)
        .build()).run());
  }

  private static List<Measurement> entries(Collection<RunResult> results) {
    return results.stream().map(JmhRun::entry).toList();
  }

  private static Measurement entry(RunResult result) {
    BenchmarkParams params = result.getParams();
    Map<String, String> parameters = new TreeMap<>();
    for (String name : params.getParamsKeys()) {
      parameters.put(name, params.getParam(name));
    }
    Result<?> time = result.getPrimaryResult();
    Statistics times = time.getStatistics();
    Map<String, Double> also = new TreeMap<>();
    result.getSecondaryResults().forEach((name, value) -> {
      if (name.endsWith("gc.alloc.rate.norm")) {
        // Objects of JMH are allocated in some iterations only; the median excludes them.
        also.put("allocatedBytes", value.getStatistics().getPercentile(50));
      } else if (name.equals("peakBytes")) {
        // The score of a counter is its sum over the processes; the median is that of one process.
        also.put("peakBytes", value.getStatistics().getPercentile(50));
      }
    });
    String benchmark = params.getBenchmark();
    return new Measurement(
        benchmark.substring(benchmark.lastIndexOf('.', benchmark.lastIndexOf('.') - 1) + 1),
        parameters,
        time.getScoreUnit().replaceFirst("/op$", ""),
        new Quantiles(times.getPercentile(50), times.getPercentile(10), times.getPercentile(90), times.getMin(),
            Math.toIntExact(times.getN())),
        also);
  }
}
