package dev.temper.benchmarks;

import static dev.temper.benchmarks.Results.TEMPER;
import static dev.temper.benchmarks.Results.TORCH;

import dev.temper.bench.BatchShape;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Result files as pictures, dark on white, readable at the width of a page. PNG: XChart's SVG holds letters as outlines, ten times the bytes. */
final class Plots {

  private static final int WIDTH = 760;
  private static final int HEIGHT = 380;
  /** Twice what a screen's pixel was: sharp on the dense ones. */
  private static final int DOTS_PER_INCH = 144;
  private static final Color[] COLOURS = {new Color(0x1f6fb2), new Color(0xd9822b), new Color(0x6b9e3f), new Color(0x777777)};

  private Plots() {}

  /** Bars: how many times faster than PyTorch's usual formula with the tuned allocator, by shape and dtype. */
  static void speedUp(Results results, Path file) throws IOException {
    CategoryChart chart = bars("Times faster than PyTorch (usual formula, tuned allocator)", "times");
    for (String dtype : results.values("dtype")) {
      List<Double> ratios = new ArrayList<>();
      for (String shape : results.values("shape")) {
        Map<String, String> batch = Map.of("inputs", "MEMORY", "dtype", dtype, "shape", shape);
        Map<String, String> peer = Map.of("inputs", "MEMORY", "dtype", dtype, "shape", shape, "formula", "USUAL", "allocator", "TUNED");
        ratios.add(results.milliseconds(TORCH, peer) / results.milliseconds(TEMPER, batch));
      }
      chart.addSeries(dtype, List.copyOf(results.values("shape")), ratios);
    }
    save(chart, file);
  }

  /** Lines: rate over the number of classes by dtype, under the copy rate of the machine. */
  static void classes(Results results, Path file) throws IOException {
    XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title("Loss and gradient: bytes that cannot be avoided, per second")
        .xAxisTitle("classes").yAxisTitle("GB/s").build();
    style(chart.getStyler());
    chart.getStyler().setXAxisLogarithmic(true);
    List<Double> widths = results.values("shape").stream().map(shape -> (double) BatchShape.parse(shape).classes()).toList();
    for (String dtype : results.values("dtype")) {
      List<Double> rates = results.values("shape").stream()
          .map(shape -> results.find(TEMPER, Map.of("dtype", dtype, "shape", shape)).map(Results::gigabytesPerSecond).orElse(Double.NaN))
          .toList();
      chart.addSeries(dtype, widths, rates).setMarker(SeriesMarkers.CIRCLE);
    }
    double roof = results.file().copyGigabytesPerSecond();
    chart.addSeries("copy rate", List.of(widths.getFirst(), widths.getLast()), List.of(roof, roof)).setMarker(SeriesMarkers.NONE);
    chart.getStyler().setYAxisMin(0.0);
    save(chart, file);
  }

  /** Bars: highest resident memory beyond inputs and gradient, by shape. */
  static void memory(Results results, Path file) throws IOException {
    CategoryChart chart = bars("Peak memory beyond logits and gradient", "MiB");
    Map<String, String> names = Map.of("PeakMemory.temper", "Temper", "PeakMemory.torchUsual", "PyTorch, usual formula",
        "PeakMemory.torchLogTarget", "PyTorch, log_target");
    for (String benchmark : List.of("PeakMemory.temper", "PeakMemory.torchUsual", "PeakMemory.torchLogTarget")) {
      List<Double> peaks = results.values("shape").stream()
          .map(shape -> results.find(benchmark, Map.of("shape", shape)).map(entry -> entry.also().getOrDefault("peakBytes", Double.NaN) / (1 << 20)).orElse(Double.NaN))
          .toList();
      chart.addSeries(names.get(benchmark), List.copyOf(results.values("shape")), peaks);
    }
    save(chart, file);
  }

  private static CategoryChart bars(String title, String unit) {
    CategoryChart chart = new CategoryChartBuilder().width(WIDTH).height(HEIGHT).title(title).xAxisTitle("rows x classes").yAxisTitle(unit).build();
    style(chart.getStyler());
    chart.getStyler().setLabelsVisible(true).setAvailableSpaceFill(0.7);
    return chart;
  }

  private static void style(AxesChartStyler styler) {
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setPlotBorderVisible(false);
    styler.setSeriesColors(COLOURS);
    styler.setLegendPosition(LegendPosition.OutsideS);
    styler.setLegendLayout(LegendLayout.Horizontal);
    styler.setLegendBorderColor(Color.WHITE);
    styler.setPlotGridLinesColor(new Color(0xdddddd));
    styler.setDecimalPattern("#,##0.#");
  }

  private static void save(Chart<?, ?> chart, Path file) throws IOException {
    BitmapEncoder.saveBitmapWithDPI(chart, file.toString(), BitmapFormat.PNG, DOTS_PER_INCH);
  }
}
