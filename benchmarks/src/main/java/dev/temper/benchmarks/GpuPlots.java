package dev.temper.benchmarks;

import dev.temper.tools.bench.BatchShape;
import dev.temper.tools.bench.Measurement;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Results of a GPU as pictures. */
record GpuPlots(GpuResults results) {

  private static final String SHAPES = "rows x classes";
  private static final double LEAST_MEBIBYTES = 0.01;

  /** Draws all pictures for which there are results; returns their file names. */
  List<String> draw(Path folder) throws IOException {
    List<String> drawn = new ArrayList<>(List.of("gpu-classes.png"));
    classes(folder.resolve("gpu-classes.png"));
    for (String dtype : results.dtypes()) {
      String suffix = "-" + dtype.toLowerCase(Locale.ROOT) + ".png";
      if (!results.peerShapes(dtype).isEmpty()) {
        speedUp(dtype, folder.resolve("gpu-speed-up" + suffix));
        memory(dtype, folder.resolve("gpu-memory" + suffix));
        drawn.addAll(List.of("gpu-speed-up" + suffix, "gpu-memory" + suffix));
      }
      if (results.shapes().stream().anyMatch(shape -> results.checked().stream()
          .anyMatch(who -> results.gradientError(who, shape, dtype) > 0))) {
        errors(dtype, folder.resolve("gpu-errors" + suffix));
        drawn.add("gpu-errors" + suffix);
      }
    }
    return drawn;
  }

  /** Lines: rate over the number of classes by dtype, and the device's copy rate. */
  private void classes(Path file) throws IOException {
    XYChart chart = Charts.lines("Loss and gradient: bytes that cannot be avoided, per second, on "
        + results.own().file().place(), "classes", "GB/s");
    List<String> shapes = results.shapes();
    List<Double> widths = shapes.stream().map(shape -> (double) BatchShape.parse(shape).classes()).toList();
    for (String dtype : results.dtypes()) {
      List<Double> rates = shapes.stream()
          .map(shape -> results.entry(shape, dtype).map(Results::gigabytesPerSecond).orElse(Double.NaN)).toList();
      chart.addSeries(dtype, widths, rates).setMarker(SeriesMarkers.CIRCLE);
    }
    double roof = results.own().file().copyGigabytesPerSecond();
    chart.addSeries("copy rate", List.of(widths.getFirst(), widths.getLast()), List.of(roof, roof))
        .setMarker(SeriesMarkers.NONE);
    chart.getStyler().setYAxisMin(0.0);
    Charts.save(chart, file);
  }

  /** Bars: speed-up over each other library, by shape. */
  private void speedUp(String dtype, Path file) throws IOException {
    CategoryChart chart = Charts.bars("Times faster than others, " + dtype + " on " + results.own().file().place(),
        SHAPES, "times");
    for (String peer : results.timedPeers()) {
      bars(chart, dtype, peer, shape -> median(results.peer(peer, shape, dtype)) / median(results.entry(shape, dtype)));
    }
    Charts.save(chart, file);
  }

  /** Bars: highest device memory beyond logits and gradient, by shape, on a logarithmic axis. */
  private void memory(String dtype, Path file) throws IOException {
    CategoryChart chart = Charts.bars("Peak device memory beyond logits and gradient, " + dtype, SHAPES, "MiB");
    chart.getStyler().setLabelsVisible(false);
    chart.getStyler().setYAxisLogarithmic(true).setYAxisDecimalPattern("#,##0.##").setYAxisMin(LEAST_MEBIBYTES);
    bars(chart, dtype, "Temper", shape -> mebibytes(results.entry(shape, dtype)));
    for (String peer : results.timedPeers()) {
      bars(chart, dtype, peer, shape -> mebibytes(results.peer(peer, shape, dtype)));
    }
    Charts.save(chart, file);
  }

  /** Lines: distance of the gradient from f64, by number of classes. */
  private void errors(String dtype, Path file) throws IOException {
    XYChart chart = Charts.lines("Error of the gradient against f64 (length 1), logits and gradient in " + dtype,
        "classes", "relative error");
    chart.getStyler().setYAxisLogarithmic(true).setYAxisDecimalPattern("0.#E0");
    for (String who : results.checked()) {
      List<String> shapes = results.shapes().stream().filter(shape -> results.gradientError(who, shape, dtype) > 0)
          .toList();
      if (!shapes.isEmpty()) {
        chart.addSeries(who, shapes.stream().map(shape -> (double) BatchShape.parse(shape).classes()).toList(),
            shapes.stream().map(shape -> results.gradientError(who, shape, dtype)).toList())
            .setMarker(SeriesMarkers.CIRCLE);
      }
    }
    Charts.save(chart, file);
  }

  private void bars(CategoryChart chart, String dtype, String name, ToDoubleFunction<String> value) {
    List<String> shapes = results.peerShapes(dtype);
    Charts.crowd(chart);
    chart.addSeries(name, shapes, Charts.gaps(shapes.stream().map(value::applyAsDouble).toList()));
  }

  private static double median(Optional<Measurement> entry) {
    return entry.map(e -> e.time().median()).orElse(Double.NaN);
  }

  private static double mebibytes(Optional<Measurement> entry) {
    return entry.map(e -> e.also("peakBytes") / (1 << 20)).orElse(Double.NaN);
  }
}
