package dev.temper.benchmarks;

import dev.temper.tools.bench.ResultFile;
import dev.temper.tools.verify.TemperatureStudy;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Makes tables and plots of all result files in a folder, and of those in each folder below it, one for each device:
 * {@code report.md} and {@code *.png} beside the files.
 */
final class MarkdownReport {

  /** Seed of the temperature study; other seeds show the same curves. */
  private static final long STUDY_SEED = 1;

  private MarkdownReport() {}

  /** A picture of a group's results. */
  private record Picture(String file, String title, Plot plot) {}

  /** Draws a picture. */
  private interface Plot {
    void draw(Results results, Path file) throws IOException;
  }

  private static final Map<BenchmarkGroup, Picture> PICTURES = Map.of(
      BenchmarkGroup.PEERS, new Picture("speed-up.png", "Times faster than PyTorch, by shape and dtype",
          Plots::speedUp),
      BenchmarkGroup.ACCURACY, new Picture("errors.png",
          "Error of the gradient against f64, Temper and PyTorch, by classes and dtype", Plots::errors),
      BenchmarkGroup.CLASSES, new Picture("classes.png", "GB/s over classes by dtype, under the copy rate",
          Plots::classes),
      BenchmarkGroup.MEMORY, new Picture("memory.png", "Peak memory beyond logits and gradient, Temper and PyTorch",
          Plots::memory));

  static void write(Path results, PrintStream out) throws IOException {
    Tables tables = new Tables();
    measured(ResultFiles.readAll(results), results, tables);
    TemperatureChart.draw(TemperatureStudy.run(STUDY_SEED), results.resolve("temperature.png"));
    tables.study("What T² does", "Length of the KL's gradient over T, with T² and without", "temperature.png");
    save(tables, results, out);
    for (Path folder : ResultFiles.folders(results)) {
      List<ResultFile> files = ResultFiles.readAll(folder);
      if (!files.isEmpty()) {
        Tables device = new Tables();
        measured(files, folder, device);
        save(device, folder, out);
      }
    }
  }

  private static void save(Tables tables, Path folder, PrintStream out) throws IOException {
    Path report = folder.resolve("report.md");
    Files.writeString(report, "# What was measured\n" + tables.text());
    out.println(report);
  }

  private static void measured(List<ResultFile> files, Path results, Tables tables) throws IOException {
    for (BenchmarkGroup group : BenchmarkGroup.values()) {
      Optional<Results> found = Results.of(group, files);
      if (found.isPresent()) {
        group(group, found.get(), results, tables);
      }
    }
    Optional<GpuResults> gpu = GpuResults.of(files);
    if (gpu.isPresent()) {
      tables.gpu(gpu.get(), new GpuPlots(gpu.get()).draw(results));
    }
    for (PlanResults plans : PlanResults.of(files)) {
      tables.plans(plans, plans.draw(results));
    }
  }

  private static void group(BenchmarkGroup group, Results found, Path folder, Tables tables) throws IOException {
    if (group == BenchmarkGroup.PEERS) {
      tables.peers(found);
    } else {
      tables.all(title(group), found);
    }
    Picture picture = PICTURES.get(group);
    if (picture != null) {
      picture.plot().draw(found, folder.resolve(picture.file()));
      tables.picture(picture.title(), picture.file());
    }
  }

  private static String title(BenchmarkGroup group) {
    String words = group.label().replace('-', ' ');
    return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
  }
}
