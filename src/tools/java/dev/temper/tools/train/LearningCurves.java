package dev.temper.tools.train;

import java.awt.Color;
import java.io.IOException;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The learning curves of a run as a picture. */
public final class LearningCurves {

  /** Colours that colour-blind readers can tell apart (Okabe and Ito 2008); they repeat from the eighth model on. */
  private static final Color[] COLOURS = {
    new Color(0, 114, 178), new Color(230, 159, 0), new Color(0, 158, 115), new Color(204, 121, 167),
        new Color(86, 180, 233),
    new Color(213, 94, 0), Color.BLACK
  };

  private LearningCurves() {}

  /** A PNG with the validation cross-entropy of every model of the first seed over its steps. */
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
    for (ModelOutcome outcome : seed.models()) {
      double[] steps = outcome.curve().stream().mapToDouble(ModelOutcome.CurvePoint::step).toArray();
      double[] nats = outcome.curve().stream().mapToDouble(ModelOutcome.CurvePoint::validation).toArray();
      XYSeries series = chart.addSeries(outcome.name(), steps, nats);
      series.setMarker(SeriesMarkers.NONE);
    }
    // With a cache on disk, ImageIO adds a shutdown hook, which fails while the JVM ends after Ctrl-C.
    ImageIO.setUseCache(false);
    return BitmapEncoder.getBitmapBytes(chart, BitmapFormat.PNG);
  }
}
