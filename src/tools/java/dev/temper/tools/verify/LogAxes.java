package dev.temper.tools.verify;

import java.util.Formatter;
import java.util.Locale;

/** A small SVG plot with logarithmic axes: powers of ten as grid lines, dots and polylines in data coordinates. */
final class LogAxes {

  private static final int LEFT = 60;
  private static final int TOP = 12;
  private static final int BOTTOM = 44;
  private static final int RIGHT = 20;

  private final Formatter svg = new Formatter(Locale.ROOT);
  private final int width;
  private final int height;
  private final int left;
  private final double minX;
  private final double maxX;
  private final double minY;
  private final double maxY;

  /** Axes whose ranges are exponents of ten. */
  LogAxes(int width, int height, int extraLeft, double minX, double maxX, double minY, double maxY) {
    this.width = width;
    this.height = height;
    this.left = LEFT + extraLeft;
    this.minX = minX;
    this.maxX = maxX;
    this.minY = minY;
    this.maxY = maxY;
    svg.format("<svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n", width, height, width, height);
  }

  LogAxes verticals(String title) {
    for (int power = (int) Math.ceil(minX); power <= maxX; power++) {
      double x = x(power);
      svg.format("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#e4e4e4\"/>\n", x, x, TOP,
          height - BOTTOM);
      svg.format("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x, height - BOTTOM + 16, label(power));
    }
    svg.format("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", (left + width - RIGHT) / 2.0, height - 8,
        title);
    return this;
  }

  LogAxes horizontals(String title) {
    for (int power = (int) Math.ceil(minY); power <= maxY; power++) {
      double y = y(power);
      svg.format("<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#e4e4e4\"/>\n", left, width - RIGHT, y, y);
      svg.format("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left - 6, y + 4, label(power));
    }
    svg.format("<text x=\"14\" y=\"%.1f\" text-anchor=\"middle\" transform=\"rotate(-90 14 %.1f)\">%s</text>\n",
        height / 2.0, height / 2.0, title);
    return this;
  }

  /** A dot at exponents of ten. */
  void dot(double logX, double logY, String colour, String tip) {
    svg.format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\" fill-opacity=\".5\"><title>%s</title></circle>\n",
        x(logX), y(logY), colour, HtmlReport.escape(tip));
  }

  /** A line between points at exponents of ten. */
  void line(double[] logX, double[] logY, String colour, String dash) {
    StringBuilder points = new StringBuilder();
    for (int i = 0; i < logX.length; i++) {
      points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(logX[i]), y(logY[i])));
    }
    svg.format("<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\" stroke-dasharray=\"%s\"/>\n",
        points.toString().strip(), colour, dash);
  }

  /** Text left of the plot, at an exponent of ten of y. */
  void rowLabel(double logY, String text) {
    svg.format("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left - 6, y(logY) + 4,
        HtmlReport.escape(text));
  }

  /** Text beside a point. */
  void note(double logX, double logY, String text, String colour) {
    svg.format("<text x=\"%.1f\" y=\"%.1f\" style=\"fill:%s\">%s</text>\n", x(logX) + 5, y(logY) + 4, colour,
        HtmlReport.escape(text));
  }

  String end() {
    return svg.format("</svg>\n").toString();
  }

  private double x(double exponent) {
    return left + (Math.clamp(exponent, minX, maxX) - minX) / (maxX - minX) * (width - RIGHT - left);
  }

  private double y(double exponent) {
    return height - BOTTOM - (Math.clamp(exponent, minY, maxY) - minY) / (maxY - minY) * (height - BOTTOM - TOP);
  }

  private static String label(int power) {
    return power >= 0 && power <= 3 ? Long.toString(Math.round(Math.pow(10, power))) : "1e" + power;
  }
}
