package dev.temper.tools.cli;

import dev.temper.tools.bench.Measurement;
import dev.temper.tools.bench.ResultFile;
import java.io.PrintWriter;
import java.util.Locale;

/** Prints the measurements as a table. */
record BenchTable(ResultFile result) {

  void print(PrintWriter out) {
    out.printf(Locale.ROOT, "%s on %s%n", result.versions().get("engine"), result.machine().processor());
    if (Double.isNaN(result.copyGigabytesPerSecond())) {
      out.println("ended before the copy rate was measured");
      out.flush();
      return;
    }
    out.printf(Locale.ROOT,
        "copy rate %.1f GB/s (read + written); all batches together exceed the last cache of %.1f MiB twice%n",
        result.copyGigabytesPerSecond(), cacheBytes() / (double) (1 << 20));
    out.printf(Locale.ROOT, "%-14s %-5s %-32s %10s %21s %8s %9s %8s%n", "shape", "dtype", "loss", "ms", "10 % .. 90 %",
        "GB/s", "of copy",
        "x floor");
    result.entries().stream().filter(entry -> entry.also().containsKey("leastBytes"))
        .forEach(entry -> loss(out, entry));
    result.entries().stream().filter(entry -> !entry.also().containsKey("leastBytes"))
        .forEach(entry -> other(out, entry));
    result.notes().forEach(note -> out.println("note: " + note));
    out.println(result.quiet() ? "the machine was quiet" : "the machine was not quiet: "
        + String.join("; ", result.disturbances()));
    out.flush();
  }

  private long cacheBytes() {
    return result.device() == null ? result.machine().lastLevelCacheBytes() : result.device().cacheBytes();
  }

  private void loss(PrintWriter out, Measurement entry) {
    double gigabytesPerSecond = entry.also("leastBytes") / (entry.time().median() * 1e6);
    double share = gigabytesPerSecond / result.copyGigabytesPerSecond();
    out.printf(Locale.ROOT, "%-14s %-5s %-32s %10.3f %10.3f ..%9.3f %8.1f %7.0f %% %8.2f%n", entry.parameter("shape"),
        entry.parameter("dtype"),
        what(entry), entry.time().median(), entry.time().low(), entry.time().high(), gigabytesPerSecond, 100 * share,
            1 / share);
  }

  /** Returns the loss, its temperature if it has one, and every setting that is not the default. */
  private static String what(Measurement entry) {
    String temperature = entry.parameter("temperature").isEmpty() ? "" : " T " + entry.parameter("temperature");
    return entry.parameter("loss") + temperature + (entry.benchmark().endsWith(".forward") ? " forward" : "")
        + (entry.parameter("launch").equals("graph") ? " graph" : "") + plan(entry);
  }

  /** Returns the row plan of the measurement, and its time relative to the plan that the engine chooses. */
  private static String plan(Measurement entry) {
    if (entry.parameter("plan").isEmpty()) {
      return "";
    }
    String name = entry.benchmark().endsWith(".best") ? " BEST " : entry.benchmark().endsWith(".chosenAgain")
        ? " again " : " ";
    return String.format(Locale.ROOT, "%s%s (%.3f)", name, entry.parameter("plan"), entry.also("timesChosen"));
  }

  private static void other(PrintWriter out, Measurement entry) {
    out.printf(Locale.ROOT, "%-53s %10.3f %10.3f ..%9.3f %s%n",
        entry.benchmark() + " " + entry.parameters().getOrDefault("launch", "") + entry.parameters()
            .getOrDefault("cache", ""),
        entry.time().median(), entry.time().low(), entry.time().high(), entry.unit());
  }
}
