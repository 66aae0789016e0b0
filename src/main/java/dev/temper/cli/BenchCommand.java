package dev.temper.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.LossEngine;
import dev.temper.bench.BatchShape;
import dev.temper.bench.LossBench;
import dev.temper.bench.LossTiming;
import dev.temper.bench.Quietness;
import dev.temper.bench.Repetition;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code temper bench}: how fast loss and gradient are on this machine. */
@Command(
    name = "bench",
    description = {
      "Measures the copy rate of the memory, then loss and gradient (half divergence, half cross-entropy).",
      "Batches are used in turn and exceed the last-level cache twice together, so that every call reads from memory."
    })
final class BenchCommand implements Callable<Integer> {

  @Mixin private DeviceOption device;
  @Mixin private OutputOptions output;

  @Option(names = "--shapes", paramLabel = "ROWSxCLASSES,...", description = "Shapes (default: 4096x10,1024x1000,256x32000,64x128256).")
  private String shapes = BatchShape.usual().stream().map(BatchShape::toString).collect(Collectors.joining(","));

  @Option(names = "--dtype", split = ",", paramLabel = "DTYPE", defaultValue = "f32", description = "f32, bf16 or f16; several with commas (default: ${DEFAULT-VALUE}).")
  private List<DType> dtypes;

  @Option(names = "--divergence", defaultValue = "forward-kl", description = "As for temper loss (default: ${DEFAULT-VALUE}).")
  private String divergence;

  @Option(names = "--temperature", defaultValue = "2", description = "T (default: ${DEFAULT-VALUE}).")
  private double temperature;

  @Override
  public Integer call() {
    for (DType dtype : dtypes) {
      if (!dtype.isFloating()) {
        throw new IllegalArgumentException("--dtype " + dtype + ": expected f32, bf16 or f16");
      }
    }
    DistillationLoss loss = DistillationLoss.hinton(temperature, 0.5).toBuilder().divergence(Divergence.parse(divergence)).build();
    LossBench bench = new LossBench(loss, BatchShape.parseList(shapes), dtypes, Repetition.thorough());
    try (Interruption interruption = Interruption.watch(); LossEngine engine = device.open(output)) {
      LossBench.Report report = run(bench, engine, interruption);
      if (output.json) {
        output.print(json -> write(json, engine, loss, report));
      } else {
        print(output.out(), engine, report);
      }
      if (!report.complete()) {
        output.note("interrupted: the results are those so far");
      }
      return report.complete() ? 0 : Errors.FAILED;
    }
  }

  /** The progress line is gone when this returns. */
  private static LossBench.Report run(LossBench bench, LossEngine engine, Interruption interruption) {
    try (ProgressLine line = ProgressLine.onStderr()) {
      return bench.run(engine, line::update, interruption::asked);
    }
  }

  private static void print(PrintWriter out, LossEngine engine, LossBench.Report report) {
    out.printf(Locale.ROOT, "%s on %s%n", engine.describe(), report.machine().processor());
    report.copyRate().ifPresent(copy -> {
      out.printf(Locale.ROOT, "copy rate %.1f GB/s (%d threads, read + written); batches in turn exceed the last-level cache of %d MiB%n",
          copy.gigabytesPerSecond(), copy.threads(), report.machine().lastLevelCacheBytes() >> 20);
      out.printf(Locale.ROOT, "%-14s %-5s %10s %21s %8s %9s %8s%n", "shape", "dtype", "ms", "10 % .. 90 %", "GB/s", "of copy", "x floor");
      for (LossTiming timing : report.timings()) {
        out.printf(Locale.ROOT, "%-14s %-5s %10.3f %10.3f ..%9.3f %8.1f %7.0f %% %8.2f%n", timing.shape(), timing.dtype(),
            timing.milliseconds().median(), timing.milliseconds().low(), timing.milliseconds().high(),
            timing.gigabytesPerSecond(), 100 * timing.shareOf(copy), timing.timesFloor(copy));
      }
    });
    Quietness quietness = report.quietness();
    out.println(quietness.quiet() ? "the machine was quiet" : "the machine was not quiet: " + String.join("; ", quietness.disturbances()));
    out.flush();
  }

  private static void write(JsonGenerator json, LossEngine engine, DistillationLoss loss, LossBench.Report report) throws IOException {
    json.writeStartObject();
    json.writeStringField("device", engine.device());
    json.writeStringField("engine", engine.describe());
    json.writeStringField("processor", report.machine().processor());
    json.writeNumberField("cores", report.machine().cores());
    json.writeNumberField("lastLevelCacheBytes", report.machine().lastLevelCacheBytes());
    json.writeStringField("version", Version.current());
    json.writeStringField("java", Runtime.version().toString());
    json.writeStringField("divergence", loss.divergence().label());
    json.writeNumberField("temperature", loss.temperature());
    json.writeBooleanField("complete", report.complete());
    json.writeBooleanField("quiet", report.quietness().quiet());
    json.writeArrayFieldStart("disturbances");
    for (String disturbance : report.quietness().disturbances()) {
      json.writeString(disturbance);
    }
    json.writeEndArray();
    if (report.copyRate().isPresent()) {
      var copy = report.copyRate().get();
      json.writeNumberField("copyGigabytesPerSecond", copy.gigabytesPerSecond());
      json.writeArrayFieldStart("shapes");
      for (LossTiming timing : report.timings()) {
        json.writeStartObject();
        json.writeNumberField("rows", timing.shape().rows());
        json.writeNumberField("classes", timing.shape().classes());
        json.writeStringField("dtype", timing.dtype().name().toLowerCase(Locale.ROOT));
        json.writeNumberField("milliseconds", timing.milliseconds().median());
        json.writeNumberField("millisecondsLow", timing.milliseconds().low());
        json.writeNumberField("millisecondsHigh", timing.milliseconds().high());
        json.writeNumberField("samples", timing.milliseconds().samples());
        json.writeNumberField("batches", timing.batches());
        json.writeNumberField("gigabytesPerSecond", timing.gigabytesPerSecond());
        json.writeNumberField("shareOfCopyRate", timing.shareOf(copy));
        json.writeNumberField("timesFloor", timing.timesFloor(copy));
        json.writeEndObject();
      }
      json.writeEndArray();
    }
    json.writeEndObject();
  }
}
