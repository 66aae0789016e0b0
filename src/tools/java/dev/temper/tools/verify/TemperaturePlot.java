package dev.temper.tools.verify;

import java.util.List;
import java.util.Locale;

/** Curves and numbers of {@link TemperatureStudy}. */
final class TemperaturePlot {

  private static final String[] COLOURS = {"#2b6cb0", "#2f855a", "#b7791f", "#9b2c2c"};

  private TemperaturePlot() {}

  static void write(StringBuilder html, List<TemperatureStudy> studies) {
    html.append("""
        <p>Exactly, dKL/dz = (q - p)/T, so the gradient first shrinks by 1/T; the second 1/T comes from q - p tending to
        (d - mean d)/(C T), for large T only. With the factor (solid) the norm of the gradient settles as T grows,
        without it (dashed) it decays as 1/T<sup>2</sup>. Norms over that at T = 1; independent normal logits of
        sigma 3, f64.</p>
        """);
    LogAxes axes = new LogAxes(960, 420, 0, 0, 2.35, -5, 1.3);
    axes.verticals("temperature").horizontals("gradient norm, T = 1 is 1");
    for (int i = 0; i < studies.size(); i++) {
      List<TemperatureStudy.StudyPoint> points = studies.get(i).points();
      double[] x = points.stream().mapToDouble(p -> Math.log10(p.temperature())).toArray();
      double[] scaled = points.stream().mapToDouble(p -> Math.log10(p.scaled())).toArray();
      double[] unscaled = points.stream().mapToDouble(p -> Math.log10(p.unscaled())).toArray();
      axes.line(x, scaled, COLOURS[i], "");
      axes.line(x, unscaled, COLOURS[i], "5 4");
      axes.note(x[x.length - 1], scaled[x.length - 1], "C = " + studies.get(i).classes(), COLOURS[i]);
    }
    html.append(axes.end());
    html.append("<table>\n<tr><th class=\"n\">C</th><th class=\"n\">rows</th>"
        + "<th class=\"n\">ratio of means, T = 4 over T = 1</th>"
        + "<th class=\"n\">mean of ratios</th><th class=\"n\">with T<sup>2</sup></th></tr>\n");
    for (TemperatureStudy study : studies) {
      TemperatureStudy.StudyPoint four = study.at(4);
      html.append(String.format(Locale.ROOT,
          "<tr><td class=\"n\">%d</td><td class=\"n\">%d</td><td class=\"n\">%.4f</td>"
          + "<td class=\"n\">%.4f</td><td class=\"n\">%.4f</td></tr>%n", study.classes(), study.rows(), four.unscaled(),
          four.meanOfRatios(), four.scaled()));
    }
    html.append("</table>\n");
  }
}
