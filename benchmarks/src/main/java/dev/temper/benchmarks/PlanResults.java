package dev.temper.benchmarks;

import dev.temper.bench.BatchShape;
import dev.temper.bench.Entry;
import dev.temper.bench.ResultFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Every plan by which rows could be spread over a GPU, timed: {@code temper bench --suite gpu --parts plans}.
 *
 * @param results its file
 */
record PlanResults(Results results) {

  private static final String TIMED = "RowPlan.forwardBackward";
  private static final double KIBI = 1024;

  /** The results in these files, if there are any. */
  static Optional<PlanResults> of(List<ResultFile> files) {
    return Results.of("gpu-plans", files).map(PlanResults::new);
  }

  /** Element types, in the order of the run. */
  Set<String> dtypes() {
    return results.values("dtype");
  }

  /** Shapes, from few classes to many. */
  List<String> shapes() {
    return results.values("shape").stream().sorted(Comparator.comparingInt(shape -> BatchShape.parse(shape).classes())).toList();
  }

  /** Plans of a shape, fastest first. */
  List<Entry> ranked(String shape, String dtype) {
    return results.file().entries().stream()
        .filter(entry -> entry.benchmark().equals(TIMED) && entry.parameter("shape").equals(shape) && entry.parameter("dtype").equals(dtype))
        .sorted(Comparator.comparingDouble(entry -> entry.time().median())).toList();
  }

  /** The engine's own plan once more behind all others, over its first time: 1 where the clocks stood still. */
  double drift(String shape, String dtype) {
    return results.find("RowPlan.chosenAgain", Map.of("shape", shape, "dtype", dtype)).map(entry -> entry.also("timesChosen")).orElse(Double.NaN);
  }

  /** Time over that of copying as many bytes. */
  double timesFloor(Entry entry) {
    return results.file().copyGigabytesPerSecond() / Results.gigabytesPerSecond(entry);
  }

  static double kibibytes(Entry entry, String number) {
    return entry.also(number) / KIBI;
  }

  /** Points: time over the floor by the bytes of logits that a multiprocessor holds, one colour for each shape. */
  void draw(Path folder) throws IOException {
    for (String dtype : dtypes()) {
      XYChart chart = Charts.lines("Plans for rows, " + dtype + " on " + results.file().place(), "KiB of logits in flight on a multiprocessor", "times the floor");
      for (String shape : shapes()) {
        List<Entry> plans = ranked(shape, dtype);
        if (!plans.isEmpty()) {
          chart.addSeries(shape, plans.stream().map(plan -> kibibytes(plan, "bytesInFlight")).toList(), plans.stream().map(this::timesFloor).toList())
              .setMarker(SeriesMarkers.CIRCLE).setLineStyle(SeriesLines.NONE);
        }
      }
      if (!chart.getSeriesMap().isEmpty()) {
        Charts.save(chart, folder.resolve("gpu-plans-" + dtype.toLowerCase(Locale.ROOT) + ".png"));
      }
    }
  }
}
