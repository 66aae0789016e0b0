package dev.temper.benchmarks;

import dev.temper.benchmarks.toolkits.ToolkitFile;
import dev.temper.tools.bench.ResultFile;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.runner.RunnerException;

/**
 * The program of the build: {@code once}, {@code measure [GROUP...]}, {@code report}, {@code compare OLD NEW} or
 * {@code toolkits}.
 */
public final class Main {

  /** The numbers behind docs/coming-from.md. */
  static final Path TOOLKITS = Path.of("..", "src", "test", "resources", "dev", "temper", "coming-from.json");

  private static final int WORSE = 1;
  private static final int WRONG_CALL = 2;

  private Main() {}

  /** Exits with 0 (done), 1 (something failed or got slower) or 2 (the call is wrong). */
  public static void main(String[] args) throws IOException, RunnerException {
    try {
      System.exit(run(List.of(args), Path.of("results"), System.out));
    } catch (IllegalArgumentException e) {
      System.err.println("benchmarks: " + e.getMessage());
      System.exit(WRONG_CALL);
    }
  }

  static int run(List<String> args, Path results, PrintStream out) throws IOException, RunnerException {
    String verb = args.isEmpty() ? "" : args.getFirst();
    List<String> rest = args.isEmpty() ? List.of() : args.subList(1, args.size());
    switch (verb) {
      case "once" -> JmhRun.once().forEach(entry -> out.println("ran once: " + entry.key()));
      case "measure" -> measure(groups(rest), results, out);
      case "report" -> MarkdownReport.write(results, out);
      case "compare" -> {
        if (rest.size() != 2) {
          throw new IllegalArgumentException("compare takes two result files, the older one first");
        }
        RunComparison comparison = RunComparison.of(ResultFiles.read(Path.of(rest.get(0))),
            ResultFiles.read(Path.of(rest.get(1))));
        out.print(comparison.text());
        return comparison.slower().isEmpty() ? 0 : WORSE;
      }
      case "toolkits" -> ToolkitFile.write(TOOLKITS, Provenance.versions().getOrDefault("pytorch", "unknown"));
      default -> throw new IllegalArgumentException("'" + verb
          + "': expected once, measure [GROUP...], report, compare OLD NEW or toolkits");
    }
    return 0;
  }

  private static void measure(List<BenchmarkGroup> groups, Path results, PrintStream out) throws IOException,
      RunnerException {
    for (BenchmarkGroup group : groups) {
      ResultFile result = JmhRun.measure(group, Path.of("."));
      Path file = results.resolve("cpu-" + group.label() + ".json");
      ResultFiles.write(file, result);
      out.println(file + (result.quiet() ? ": the machine was quiet" : ": NOT QUIET, not to be shown: "
          + String.join("; ", result.disturbances())));
    }
  }

  private static List<BenchmarkGroup> groups(List<String> names) {
    if (names.isEmpty()) {
      return List.of(BenchmarkGroup.values());
    }
    return names.stream().map(name -> Stream.of(BenchmarkGroup.values()).filter(group -> group.label().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("unknown group '" + name + "'; known: "
            + Arrays.stream(BenchmarkGroup.values()).map(BenchmarkGroup::label).collect(Collectors.joining(", ")))))
            .toList();
  }
}
