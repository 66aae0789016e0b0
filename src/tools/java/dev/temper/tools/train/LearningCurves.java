package dev.temper.tools.train;

import java.awt.Color;
import java.io.IOException;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The learning curves of a run as a picture. */
public final class LearningCurves {

  /** Distinct for colour-blind readers too (Okabe and Ito 2008). */
  private static final Color[] COLOURS = {new Color(0, 114, 178), new Color(230, 159, 0), new Color(0, 158, 115)};

  private LearningCurves() {}

  /** PNG of the validation cross-entropies of the first seed over the steps. */
  public static byte[] png(TrainReport report) throws IOException {
    SeedOutcome seed = report.outcomes().getFirst();
    XYChart chart = new XYChartBuilder()
        .width(900).height(560)
        .title("Cross-entropy on validation words, seed " + seed.seed())
        .xAxisTitle("steps").yAxisTitle("nats")
        .build();
    chart.getStyler()
        .setLegendPosition(LegendPosition.InsideNE)
        .setChartBackgroundColor(Color.WHITE)
        .setSeriesColors(COLOURS);
    for (Outcome outcome : seed.all()) {
      double[] steps = outcome.curve().stream().mapToDouble(Outcome.Point::step).toArray();
      double[] nats = outcome.curve().stream().mapToDouble(Outcome.Point::validation).toArray();
      XYSeries series = chart.addSeries(outcome.name(), steps, nats);
      series.setMarker(SeriesMarkers.NONE);
    }
    return BitmapEncoder.getBitmapBytes(chart, BitmapFormat.PNG);
  }
}
