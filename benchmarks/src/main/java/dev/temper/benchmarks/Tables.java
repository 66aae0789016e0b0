package dev.temper.benchmarks;

import static dev.temper.benchmarks.Results.TEMPER;
import static dev.temper.benchmarks.Results.TORCH;

import dev.temper.tools.bench.Measurement;
import dev.temper.tools.bench.ResultFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Result files as tables in Markdown. */
final class Tables {

  private static final int SHOWN_PLANS = 5;

  private final StringBuilder text = new StringBuilder();

  /** Temper and PyTorch: milliseconds of each, and Temper's speed-up. */
  Tables peers(Results results) {
    heading("Beside PyTorch", results);
    row("inputs from", "dtype", "shape", "Temper ms", "usual formula", "usual, tuned allocator", "log_target",
        "log_target, tuned", "times faster than usual, tuned", "than the fastest");
    rule(10);
    for (String inputs : results.values("inputs")) {
      for (String dtype : results.values("dtype")) {
        for (String shape : results.values("shape")) {
          Map<String, String> batch = Map.of("inputs", inputs, "dtype", dtype, "shape", shape);
          double temper = results.median(TEMPER, batch);
          List<Double> peers = new ArrayList<>();
          for (String formula : List.of("USUAL", "LOG_TARGET")) {
            for (String allocator : List.of("DEFAULT", "TUNED")) {
              peers.add(results.median(TORCH, with(with(batch, "formula", formula), "allocator", allocator)));
            }
          }
          double fastest = peers.stream().filter(ms -> !ms.isNaN()).min(Double::compare).orElse(Double.NaN);
          row(inputs.toLowerCase(Locale.ROOT), dtype, shape, number(temper), number(peers.get(0)), number(peers.get(1)),
              number(peers.get(2)), number(peers.get(3)), number(peers.get(1) / temper), number(fastest / temper));
        }
      }
    }
    return this;
  }

  /** Loss and gradient on a GPU: times and rates of Temper, and its speed-up over each other library. */
  Tables gpu(GpuResults gpu, List<String> pictures) {
    heading("On a GPU", gpu.own());
    List<String> peers = gpu.timedPeers();
    List<String> titles = new ArrayList<>(List.of("dtype", "shape", "Temper ms", "as a graph", "GB/s", "% of copy rate",
        "times the floor"));
    peers.forEach(peer -> titles.add("times faster than " + peer));
    row(titles.toArray(String[]::new));
    rule(titles.size());
    for (String dtype : gpu.dtypes()) {
      for (String shape : gpu.shapes()) {
        double temper = gpu.entry(shape, dtype).map(entry -> entry.time().median()).orElse(Double.NaN);
        double rate = gpu.entry(shape, dtype).map(Results::gigabytesPerSecond).orElse(Double.NaN);
        double share = rate / gpu.own().file().copyGigabytesPerSecond();
        List<String> cells = new ArrayList<>(List.of(dtype, shape, number(temper),
            number(gpu.graph(shape, dtype).map(entry -> entry.time().median()).orElse(Double.NaN)), number(rate),
            number(100 * share), number(1 / share)));
        peers.forEach(peer -> cells.add(number(gpu.peer(peer, shape, dtype).map(entry -> entry.time().median())
            .orElse(Double.NaN) / temper)));
        row(cells.toArray(String[]::new));
      }
    }
    pictures.forEach(file -> picture(file.replace(".png", ""), file));
    all("On a GPU, everything", gpu.own());
    gpu.further().forEach(results -> all("On a GPU, further losses", results));
    gpu.peers().ifPresent(results -> all("On a GPU, others and errors", results));
    return this;
  }

  /**
   * The engine's own plan and the five fastest of each shape, fastest first. If they differ, the thresholds of the
   * choice are wrong.
   */
  Tables plans(PlanResults plans, List<String> pictures) {
    heading("Plans for rows", plans.results());
    row("dtype", "shape", "plan", "ms", "times the floor", "times the engine's own", "registers", "spilled bytes",
        "shared KiB of a block", "blocks on a multiprocessor", "KiB in flight there");
    rule(11);
    for (String dtype : plans.dtypes()) {
      for (String shape : plans.shapes()) {
        List<Measurement> ranked = plans.ranked(shape, dtype);
        for (Measurement plan : ranked) {
          boolean own = plan.also("timesChosen") == 1;
          if (own || ranked.indexOf(plan) < SHOWN_PLANS) {
            row(dtype, shape, plan.parameter("plan")
                + (own ? " (own; again " + number(plans.drift(shape, dtype)) + ")" : ""), number(plan.time().median()),
                number(plans.timesFloor(plan)), number(plan.also("timesChosen")), number(plan.also("registers")),
                number(plan.also("localBytes")),
                number(PlanResults.kibibytes(plan, "sharedBytes")), number(plan.also("residentBlocks")),
                number(PlanResults.kibibytes(plan, "bytesInFlight")));
          }
        }
      }
    }
    pictures.forEach(file -> picture(file.replace(".png", ""), file));
    return this;
  }

  /** A section with a picture of computed numbers. */
  Tables study(String title, String shows, String file) {
    text.append("\n## ").append(title).append('\n');
    return picture(shows, file);
  }

  /** A picture beside the report. */
  Tables picture(String title, String file) {
    text.append("\n![").append(title).append("](").append(file).append(")\n");
    return this;
  }

  /** Every measurement of a file: parameters, time, rate and memory. */
  Tables all(String title, Results results) {
    heading(title, results);
    row("benchmark", "parameters", "median", "10 % .. 90 %", "GB/s", "Java heap bytes", "peak MiB");
    rule(7);
    for (Measurement entry : results.file().entries()) {
      row(entry.benchmark(), varied(results, entry), number(entry.time().median()) + " " + entry.unit(),
          number(entry.time().low()) + " .. " + number(entry.time().high()),
          number(Results.gigabytesPerSecond(entry)),
          number(entry.also().getOrDefault("allocatedBytes", Double.NaN)),
          number(entry.also().getOrDefault("peakBytes", Double.NaN) / (1 << 20)));
    }
    return this;
  }

  /** The Markdown. */
  String text() {
    return text.toString();
  }

  private void heading(String title, Results results) {
    ResultFile file = results.file();
    text.append("\n## ").append(title).append("\n\n")
        .append(String.format(Locale.ROOT, "%s, copy rate %.1f GB/s; commit %s, %s; %s.%n%n",
            file.place(), file.copyGigabytesPerSecond(), file.commit(), file.date(),
            file.quiet() ? "the machine was quiet" : "**the machine was not quiet** ("
            + String.join("; ", file.disturbances()) + ")"));
    if (file.unfinished() > 0) {
      text.append("The run ended early: ").append(file.unfinished()).append(" entries are missing.\n\n");
    }
    file.notes().forEach(note -> text.append("- ").append(note).append('\n'));
    text.append(file.notes().isEmpty() ? "" : "\n");
  }

  /** The parameters that differ between measurements of this file. */
  private static String varied(Results results, Measurement entry) {
    return entry.parameters().entrySet().stream()
        .filter(parameter -> results.values(parameter.getKey()).size() > 1)
        .map(parameter -> parameter.getKey() + " " + parameter.getValue())
        .reduce((a, b) -> a + ", " + b).orElse("");
  }

  private static Map<String, String> with(Map<String, String> parameters, String name, String value) {
    Map<String, String> more = new HashMap<>(parameters);
    more.put(name, value);
    return more;
  }

  private void row(String... cells) {
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }

  private void rule(int columns) {
    text.append("|---".repeat(columns)).append("|\n");
  }

  /** Three significant digits; empty for NaN. */
  private static String number(double value) {
    if (Double.isNaN(value)) {
      return "";
    }
    int decimals = value == 0 ? 0 : Math.max(0, 2 - (int) Math.floor(Math.log10(Math.abs(value))));
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
