package dev.temper.benchmarks;

import dev.temper.tools.verify.TemperatureStudy;
import dev.temper.tools.verify.TemperatureStudy.StudyPoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The effect of T^2 on the length of the gradient, computed in f64. */
final class TemperatureChart {

  private TemperatureChart() {}

  /** Lines: length over that at T = 1, with the factor and without it (dashed), for several numbers of classes. */
  static void draw(List<TemperatureStudy> studies, Path file) throws IOException {
    XYChart chart = Charts.lines("Length of the KL's gradient over that at T = 1, with T^2 and without (dashed)", "T",
        "times");
    chart.getStyler().setYAxisLogarithmic(true).setYAxisDecimalPattern("0.#####");
    for (int i = 0; i < studies.size(); i++) {
      TemperatureStudy study = studies.get(i);
      add(chart, study.classes() + " classes", study, StudyPoint::scaled).setLineColor(Charts.colour(i));
      add(chart, study.classes() + " classes without", study, StudyPoint::unscaled).setLineColor(Charts.colour(i))
          .setLineStyle(SeriesLines.DASH_DASH)
          .setShowInLegend(false);
    }
    Charts.save(chart, file);
  }

  private static XYSeries add(XYChart chart, String name, TemperatureStudy study, ToDoubleFunction<StudyPoint> value) {
    XYSeries series = chart.addSeries(name, study.points().stream().map(StudyPoint::temperature).toList(),
        study.points().stream().map(value::applyAsDouble).toList());
    series.setMarker(SeriesMarkers.NONE);
    return series;
  }
}
