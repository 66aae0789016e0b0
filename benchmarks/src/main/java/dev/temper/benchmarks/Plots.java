package dev.temper.benchmarks;

import static dev.temper.benchmarks.Results.TEMPER;
import static dev.temper.benchmarks.Results.TORCH;

import dev.temper.tools.bench.BatchShape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Results of the CPU as pictures. */
final class Plots {

  private Plots() {}

  /** Bars: speed-up over PyTorch's usual formula with the tuned allocator, by shape and dtype. */
  static void speedUp(Results results, Path file) throws IOException {
    CategoryChart chart = Charts.bars("Times faster than PyTorch (usual formula, tuned allocator)", "rows x classes",
        "times");
    for (String dtype : results.values("dtype")) {
      List<Double> ratios = new ArrayList<>();
      for (String shape : results.values("shape")) {
        Map<String, String> batch = Map.of("inputs", "MEMORY", "dtype", dtype, "shape", shape);
        Map<String, String> peer = Map.of("inputs", "MEMORY", "dtype", dtype, "shape", shape, "formula", "USUAL",
            "allocator", "TUNED");
        ratios.add(results.median(TORCH, peer) / results.median(TEMPER, batch));
      }
      chart.addSeries(dtype, List.copyOf(results.values("shape")), ratios);
    }
    Charts.save(chart, file);
  }

  /** Lines: rate over the number of classes by dtype, and the copy rate of the machine. */
  static void classes(Results results, Path file) throws IOException {
    XYChart chart = Charts.lines("Loss and gradient: bytes that cannot be avoided, per second", "classes", "GB/s");
    List<Double> widths = results.values("shape").stream().map(shape -> (double) BatchShape.parse(shape).classes())
        .toList();
    for (String dtype : results.values("dtype")) {
      List<Double> rates = results.values("shape").stream()
          .map(shape -> results.find(TEMPER, Map.of("dtype", dtype, "shape", shape)).map(Results::gigabytesPerSecond)
              .orElse(Double.NaN))
          .toList();
      chart.addSeries(dtype, widths, rates).setMarker(SeriesMarkers.CIRCLE);
    }
    double roof = results.file().copyGigabytesPerSecond();
    chart.addSeries("copy rate", List.of(widths.getFirst(), widths.getLast()), List.of(roof, roof))
        .setMarker(SeriesMarkers.NONE);
    chart.getStyler().setYAxisMin(0.0);
    Charts.save(chart, file);
  }

  /** Lines: error of the gradients against f64 over the number of classes, by library; dashed lines are f32. */
  static void errors(Results results, Path file) throws IOException {
    XYChart chart = Charts.lines("Error of the gradient against f64 (length 1), in bf16 and in f32 (dashed)", "classes",
        "relative error");
    chart.getStyler().setYAxisLogarithmic(true).setYAxisDecimalPattern("0.#E0");
    List<Double> widths = results.values("shape").stream().map(shape -> (double) BatchShape.parse(shape).classes())
        .toList();
    List<String> makers = List.of(Accuracy.TEMPER, Accuracy.USUAL, Accuracy.LOG_TARGET);
    List<String> names = List.of("Temper", "PyTorch, usual formula", "PyTorch, log_target");
    for (String dtype : results.values("dtype")) {
      boolean single = dtype.equals("F32");
      for (int i = 0; i < makers.size(); i++) {
        String error = Accuracy.ERROR + makers.get(i);
        List<Double> errors = results.values("shape").stream()
            .map(shape -> results.median(error, Map.of("dtype", dtype, "shape", shape))).toList();
        chart.addSeries(names.get(i) + (single ? " in f32" : ""), widths, errors).setMarker(SeriesMarkers.CIRCLE)
            .setMarkerColor(Charts.colour(i)).setLineColor(Charts.colour(i))
            .setLineStyle(single ? SeriesLines.DASH_DASH : SeriesLines.SOLID)
            .setShowInLegend(!single);
      }
    }
    Charts.save(chart, file);
  }

  /** Bars: highest resident memory beyond inputs and gradient, by shape. */
  static void memory(Results results, Path file) throws IOException {
    CategoryChart chart = Charts.bars("Peak memory beyond logits and gradient", "rows x classes", "MiB");
    Map<String, String> names = Map.of("PeakMemory.temper", "Temper", "PeakMemory.torchUsual", "PyTorch, usual formula",
        "PeakMemory.torchLogTarget", "PyTorch, log_target");
    for (String benchmark : List.of("PeakMemory.temper", "PeakMemory.torchUsual", "PeakMemory.torchLogTarget")) {
      List<Double> peaks = results.values("shape").stream()
          .map(shape -> results.find(benchmark, Map.of("shape", shape))
              .map(entry -> entry.also().getOrDefault("peakBytes", Double.NaN) / (1 << 20)).orElse(Double.NaN))
          .toList();
      chart.addSeries(names.get(benchmark), List.copyOf(results.values("shape")), peaks);
    }
    Charts.save(chart, file);
  }
}
