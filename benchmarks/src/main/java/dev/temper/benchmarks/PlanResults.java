package dev.temper.benchmarks;

import dev.temper.tools.bench.BatchShape;
import dev.temper.tools.bench.Measurement;
import dev.temper.tools.bench.ResultFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.knowm.xchart.CategoryChart;

/**
 * Times of every launch plan for rows on a GPU: the results of {@code temper bench --suite gpu --parts plans}.
 *
 * @param results the result file
 */
record PlanResults(Results results) {

  private static final String TIMED = "RowPlan.forwardBackward";
  private static final double KIBI = 1024;

  /** The results in these files, one for each run. Pictures are named after the dtype, which only one run may have. */
  static List<PlanResults> of(List<ResultFile> files) {
    return Results.all("gpu-plans", files).stream().map(PlanResults::new).toList();
  }

  /** Element types, in the order of the run. */
  Set<String> dtypes() {
    return results.values("dtype");
  }

  /** Shapes, from few classes to many. */
  List<String> shapes() {
    return results.values("shape").stream().sorted(Comparator.comparingInt(shape -> BatchShape.parse(shape).classes()))
        .toList();
  }

  /** Plans of a shape, fastest first. */
  List<Measurement> ranked(String shape, String dtype) {
    return results.file().entries().stream()
        .filter(entry -> entry.benchmark().equals(TIMED) && entry.parameter("shape").equals(shape)
            && entry.parameter("dtype").equals(dtype))
        .sorted(Comparator.comparingDouble(entry -> entry.time().median())).toList();
  }

  /** Time of the engine's own plan after all others, divided by its first time: 1 if the clocks did not change. */
  double drift(String shape, String dtype) {
    return results.find("RowPlan.chosenAgain", Map.of("shape", shape, "dtype", dtype))
        .map(entry -> entry.also("timesChosen")).orElse(Double.NaN);
  }

  /** Time divided by that of a copy of as many bytes. */
  double timesFloor(Measurement entry) {
    return results.file().copyGigabytesPerSecond() / Results.gigabytesPerSecond(entry);
  }

  static double kibibytes(Measurement entry, String number) {
    return entry.also(number) / KIBI;
  }

  /** Bars: time over that of a copy, for the engine's own plan and for the fastest one, by shape. */
  List<String> draw(Path folder) throws IOException {
    List<String> drawn = new ArrayList<>();
    for (String dtype : dtypes()) {
      List<String> timed = shapes().stream().filter(shape -> !ranked(shape, dtype).isEmpty()).toList();
      CategoryChart chart = Charts.bars("Plans for rows, " + dtype + " on " + results.file().place(), "rows x classes",
          "times the floor");
      Charts.crowd(chart);
      chart.getStyler().setXAxisLabelRotation(Charts.LABELS_ASLANT);
      chart.addSeries("the engine's own", timed,
          Charts.gaps(timed.stream().map(shape -> own(ranked(shape, dtype))).toList()));
      chart.addSeries("the fastest", timed,
          Charts.gaps(timed.stream().map(shape -> timesFloor(ranked(shape, dtype).getFirst())).toList()));
      drawn.add("gpu-plans-" + dtype.toLowerCase(Locale.ROOT) + ".png");
      Charts.save(chart, folder.resolve(drawn.getLast()));
    }
    return drawn;
  }

  private double own(List<Measurement> ranked) {
    return ranked.stream().filter(plan -> plan.also("timesChosen") == 1).findFirst().map(this::timesFloor)
        .orElse(Double.NaN);
  }
}
