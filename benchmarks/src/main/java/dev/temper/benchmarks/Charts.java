package dev.temper.benchmarks;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.internal.series.Series;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;

/**
 * The style of all pictures. They are PNGs, because XChart's SVG stores letters as outlines and is ten times as large.
 */
final class Charts {

  private static final int WIDTH = 760;
  private static final int HEIGHT = 380;
  /** Twice the resolution of a common screen, for screens of high density. */
  private static final int DOTS_PER_INCH = 144;
  private static final float SMALL = 9;
  private static final int NAMES_BELOW = 4;

  /** Rotation in degrees of the labels of many categories. */
  static final int LABELS_ASLANT = 30;
  private static final Color[] COLOURS = {
    new Color(0x1f6fb2), new Color(0xd9822b), new Color(0x6b9e3f), new Color(0x777777), new Color(0x8e5ea2),
        new Color(0xb5473c), new Color(0x3a9a9a), new Color(0xc9a227)
  };

  private Charts() {}

  /** Bars over categories. */
  static CategoryChart bars(String title, String categories, String unit) {
    CategoryChart chart = new CategoryChartBuilder().width(WIDTH).height(HEIGHT).title(title).xAxisTitle(categories)
        .yAxisTitle(unit).build();
    style(chart.getStyler());
    chart.getStyler().setLabelsVisible(true).setAvailableSpaceFill(0.7);
    return chart;
  }

  /** Lines over a logarithmic axis. */
  static XYChart lines(String title, String across, String unit) {
    XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title(title).xAxisTitle(across).yAxisTitle(unit)
        .build();
    style(chart.getStyler());
    chart.getStyler().setXAxisLogarithmic(true);
    return chart;
  }

  /** Makes room for many categories of long names. */
  static void crowd(CategoryChart chart) {
    chart.getStyler().setAxisTickLabelsFont(chart.getStyler().getAxisTickLabelsFont().deriveFont(SMALL));
    chart.getStyler().setLabelsFont(chart.getStyler().getLabelsFont().deriveFont(SMALL));
  }

  /** The values, with null for one that was not measured: XChart draws a gap. */
  static List<@Nullable Double> gaps(List<Double> values) {
    List<@Nullable Double> gaps = new ArrayList<>();
    for (double value : values) {
      gaps.add(Double.isFinite(value) ? value : null);
    }
    return gaps;
  }

  /** Colour of a series by its number. */
  static Color colour(int series) {
    return COLOURS[series % COLOURS.length];
  }

  /** Saves a chart as PNG; a legend of many names is placed at the side. */
  static void save(Chart<?, ?> chart, Path file) throws IOException {
    if (chart.getSeriesMap().values().stream().filter(Series::isShowInLegend).count() > NAMES_BELOW) {
      chart.getStyler().setLegendPosition(LegendPosition.OutsideE).setLegendLayout(LegendLayout.Vertical);
      if (chart instanceof CategoryChart bars) { // thinner than numbers are wide
        bars.getStyler().setLabelsVisible(false).setXAxisLabelRotation(LABELS_ASLANT);
      }
    }
    BitmapEncoder.saveBitmapWithDPI(chart, file.toString(), BitmapFormat.PNG, DOTS_PER_INCH);
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
}
