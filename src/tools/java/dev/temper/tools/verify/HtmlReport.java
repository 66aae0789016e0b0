package dev.temper.tools.verify;

import java.util.List;
import java.util.Locale;

/** A verification as one HTML file without references to other files: table, error plots, T^2 study. */
public final class HtmlReport {

  private static final String HEAD = """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><title>Temper: verification</title>
      <style>
      body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff }
      body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
      h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2.5rem }
      table { border-collapse: collapse; font-size: 13px }
      th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #e4e4e4; vertical-align: top }
      td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
      .failed { color: #b3261e; font-weight: 600 } .refused { color: #777 }
      code, pre { font: 12px/1.5 ui-monospace, monospace }
      pre { background: #f7f7f7; padding: .5rem .8rem; margin: 0 0 .3rem; overflow-x: auto; white-space: pre }
      pre.command { user-select: all; cursor: pointer } ul.notes { font-size: 13px; margin: 0 0 1.2rem }
      svg text { font: 11px system-ui, sans-serif; fill: #444 }
      </style></head><body>
      """;

  private HtmlReport() {}

  /** The text of the file. */
  public static String of(Verification verification, List<TemperatureStudy> studies) {
    StringBuilder html = new StringBuilder(HEAD);
    html.append(String.format(Locale.ROOT, """
        <h1>%s against the f64 reference</h1>
        <p>%d cases passed, <span class="%s">%d failed</span>, %d refused.
        Device <code>%s</code>, seed %d, %.1f s.</p>
        """, escape(verification.description()), verification.count(CaseOutcome.PASSED),
        verification.holds() ? "" : "failed",
        verification.count(CaseOutcome.FAILED), verification.count(CaseOutcome.REFUSED), escape(verification.device()),
        verification.seed(),
        verification.milliseconds() / 1e3));
    failures(html, verification);
    html.append("<h2>Groups</h2>\n<p>Each group checks one statement about the losses. <em>Share</em> is the worst"
        + " error divided by its bound. Above 100 % the case fails; far below 1 % the bound would be too wide to find"
        + " a bug.</p>\n");
    groups(html, verification);
    html.append("<h2>Bounds</h2>\n<p>u = 2<sup>-24</sup>, C classes, T temperature, z student and u teacher logits,"
        + " q and p their softmax at T.</p>\n<table>\n");
    for (BoundFormula formula : BoundFormula.values()) {
      html.append("<tr><td>").append(formula.symbol()).append("</td><td><code>").append(escape(formula.text()))
          .append("</code></td></tr>\n");
    }
    html.append("</table>\n<h2>Errors</h2>\n<p>One dot for each case: its worst error over its bound.</p>\n");
    html.append(ErrorPlots.byGroup(verification));
    html.append("<p>The same over the number of classes.</p>\n").append(ErrorPlots.byClasses(verification));
    html.append("<h2>What the factor T<sup>2</sup> does</h2>\n");
    TemperaturePlot.write(html, studies);
    return html.append("</body></html>\n").toString();
  }

  private static void failures(StringBuilder html, Verification verification) {
    List<CaseResult> failed = verification.cases(CaseOutcome.FAILED);
    if (failed.isEmpty()) {
      return;
    }
    html.append("<h2 class=\"failed\">Failed</h2>\n<p>Each command runs one failed case again. A click selects the"
        + " whole line.</p>\n");
    for (CaseResult c : failed) {
      html.append("<pre class=\"command\">").append(escape(c.command())).append("</pre>\n<ul class=\"notes\">\n");
      c.notes().forEach(note -> html.append("<li>").append(escape(note)).append("</li>\n"));
      html.append("</ul>\n");
    }
  }

  private static void groups(StringBuilder html, Verification verification) {
    html.append("<table>\n<tr><th>group</th><th>covers</th><th class=\"n\">passed</th><th class=\"n\">failed</th>"
        + "<th class=\"n\">refused</th><th class=\"n\">worst error</th><th class=\"n\">bound</th>"
        + "<th class=\"n\">share</th><th>formulas</th></tr>\n");
    for (GroupResult result : verification.groups()) {
      Comparison.Worst worst = result.group().isExact() ? null : result.worst();
      String exact = result.group().isExact() ? "0" : "";
      html.append("<tr><td>").append(result.group().id()).append("</td><td>").append(escape(result.group().covers()))
          .append("</td>");
      cell(html, Long.toString(result.count(CaseOutcome.PASSED)), "n");
      cell(html, Long.toString(result.count(CaseOutcome.FAILED)), result.count(CaseOutcome.FAILED) > 0 ? "n failed"
          : "n");
      cell(html, Long.toString(result.count(CaseOutcome.REFUSED)), "n refused");
      cell(html, worst == null ? "" : ResultTable.number(worst.error()), "n");
      cell(html, worst == null ? exact : ResultTable.number(worst.bound()), "n");
      cell(html, worst == null ? "" : String.format(Locale.ROOT, "%.1f %%", 100 * worst.share()), "n");
      cell(html, result.group().bound(), "");
      html.append("</tr>\n");
    }
    html.append("</table>\n");
    for (CaseResult c : verification.cases(CaseOutcome.REFUSED).stream().limit(1).toList()) {
      html.append("<p class=\"refused\">Refused: cases that the device does not support. They count neither as passed "
          + "nor as"
          + " failed. The first: ").append(escape(c.notes().getFirst())).append("</p>\n");
    }
  }

  private static void cell(StringBuilder html, String text, String kind) {
    html.append("<td class=\"").append(kind).append("\">").append(escape(text)).append("</td>");
  }

  static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
  }
}
