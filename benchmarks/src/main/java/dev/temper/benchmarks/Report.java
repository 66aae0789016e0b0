package dev.temper.benchmarks;

import dev.temper.bench.ResultFile;
import dev.temper.verify.TemperatureStudy;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Makes tables and plots of all result files in a folder: {@code report.md} and {@code *.png} beside them. */
final class Report {

  /** Any other shows the same. */
  private static final long STUDY_SEED = 1;

  private Report() {}

  static void write(Path results, PrintStream out) throws IOException {
    List<ResultFile> files = ResultFiles.readAll(results);
    Tables tables = new Tables();
    Results.of(Group.PEERS, files).ifPresent(tables::peers);
    plot(Group.PEERS, files, results.resolve("speed-up.png"), Plots::speedUp);
    plot(Group.CLASSES, files, results.resolve("classes.png"), Plots::classes);
    plot(Group.MEMORY, files, results.resolve("memory.png"), Plots::memory);
    for (Group group : Group.values()) {
      Optional<Results> found = Results.of(group, files);
      if (group != Group.PEERS && found.isPresent()) {
        tables.all(title(group), found.get());
      }
    }
    Optional<GpuResults> gpu = GpuResults.of(files);
    if (gpu.isPresent()) {
      tables.gpu(gpu.get());
      new GpuPlots(gpu.get()).draw(results);
    }
    Optional<PlanResults> plans = PlanResults.of(files);
    if (plans.isPresent()) {
      tables.plans(plans.get());
      plans.get().draw(results);
    }
    TemperaturePlot.draw(TemperatureStudy.run(STUDY_SEED), results.resolve("temperature.png"));
    Path report = results.resolve("report.md");
    Files.writeString(report, "# What was measured\n" + tables.text());
    out.println(report);
  }

  /** Draws one picture of a group. */
  private interface Plot {
    void draw(Results results, Path file) throws IOException;
  }

  private static void plot(Group group, List<ResultFile> files, Path file, Plot plot) throws IOException {
    Optional<Results> found = Results.of(group, files);
    if (found.isPresent()) {
      plot.draw(found.get(), file);
    }
  }

  private static String title(Group group) {
    String words = group.label().replace('-', ' ');
    return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
  }
}
