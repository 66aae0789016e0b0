package dev.temper.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.diagnostics.DeviceFacts;
import dev.temper.tools.bench.Machine;
import dev.temper.tools.bench.Measurement;
import dev.temper.tools.bench.Quantiles;
import dev.temper.tools.bench.Quietness;
import dev.temper.tools.bench.ResultFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Result files of a GPU: read, compared, drawn; the numbers here are made up. */
final class GpuReportTest {

  private static final DeviceFacts DEVICE =
      new DeviceFacts("a GPU", "9.0", 132, 1L << 37, 60 << 20, "up to 16 blocks", "CUDA 13.0", "NVRTC 13.0");

  @TempDir Path folder;

  @Test
  void tablesHoldRatesAndRatios() throws IOException {
    ResultFiles.write(folder.resolve("gpu.json"), own(0.4));
    ResultFiles.write(folder.resolve("gpu-peers.json"), peers());
    report();
    String report = Files.readString(folder.resolve("report.md"));
    // 3 x 8192 x 32000 x 2 bytes in 0.4 ms are 3932 GB/s; the copy rate is 4300.
    assertThat(report).contains("| BF16 | 8192x32000 | 0.400 | 0.390 | 3932 | 91.4 | 1.09 | 10.0 |")
        .contains("a GPU, copy rate 4300.0 GB/s").contains("- absent: quack");
    assertThat(report).contains("![gpu-classes](gpu-classes.png)", "![gpu-errors-bf16](gpu-errors-bf16.png)",
        "](temperature.png)");
    for (String picture : List.of("gpu-classes", "gpu-speed-up-bf16", "gpu-memory-bf16", "gpu-errors-bf16",
        "temperature")) {
      assertThat(ImageIO.read(folder.resolve(picture + ".png").toFile()).getWidth()).as(picture).isGreaterThan(760);
    }
  }

  @Test
  void withoutAGpuNothingIsDrawnOfOne() throws IOException {
    report();
    assertThat(folder.resolve("report.md")).content().doesNotContain("GPU");
    assertThat(folder.resolve("gpu-classes.png")).doesNotExist();
  }

  @Test
  void eachFolderIsADeviceOfItsOwn() throws IOException {
    Path device = Files.createDirectory(folder.resolve("a-gpu"));
    ResultFile losses = file("gpu", DEVICE, List.of(), List.of(
        entry("TemperLoss.forward", "4096x50304", Map.of("launch", "eager"), "ms", 0.123)));
    ResultFiles.write(device.resolve("a-losses.json"), losses);
    ResultFiles.write(device.resolve("headline.json"), own(0.4));
    Files.writeString(device.resolve("correctness.json"), "{\"version\": \"1\", \"steps\": []}");
    Files.createDirectory(folder.resolve("empty"));
    report();
    assertThat(device.resolve("report.md")).content().contains("| BF16 | 8192x32000 | 0.400 |")
        .containsSubsequence("## On a GPU, further losses", "| TemperLoss.forward |", "0.123 ms")
        .doesNotContain("What T² does");
    assertThat(device.resolve("gpu-classes.png")).exists();
    assertThat(folder.resolve("report.md")).content().contains("What T² does").doesNotContain("GPU");
    assertThat(folder.resolve("empty")).isEmptyDirectory();
  }

  @Test
  void withoutPeersTheRestIsThere() throws IOException {
    ResultFiles.write(folder.resolve("gpu.json"), own(0.4));
    report();
    assertThat(folder.resolve("gpu-classes.png")).exists();
    assertThat(folder.resolve("gpu-speed-up-bf16.png")).doesNotExist();
  }

  @Test
  void plansAreRankedBesideTheEnginesOwn() throws IOException {
    ResultFiles.write(folder.resolve("gpu-plans.json"), file("gpu-plans", DEVICE, List.of(), List.of(
        plan("RowPlan.forwardBackward", "shared-cluster2-512", 0.5, 1),
        plan("RowPlan.forwardBackward", "shared-block-1024", 0.4, 0.8),
        plan("RowPlan.forwardBackward", "stream-block-512", 0.9, 1.8),
        plan("RowPlan.chosenAgain", "shared-cluster2-512", 0.505, 1.01),
        plan("RowPlan.best", "shared-block-1024", 0.4, 0.8))));
    report();
    assertThat(Files.readString(folder.resolve("report.md"))).containsSubsequence(
        "| BF16 | 8192x32000 | shared-block-1024 | 0.400 | 1.09 | 0.800 | 64.0 | 0 | 128 | 1.00 | 125 |",
        "| BF16 | 8192x32000 | shared-cluster2-512 (own; again 1.01) | 0.500 | 1.37 | 1.00 |",
        "| BF16 | 8192x32000 | stream-block-512 | 0.900 | 2.46 | 1.80 |", "![gpu-plans-bf16](gpu-plans-bf16.png)")
        .doesNotContain("On a GPU");
    assertThat(folder.resolve("gpu-plans-bf16.png")).exists();
  }

  private static Measurement plan(String benchmark, String name, double median, double timesChosen) {
    Measurement plain = entry(benchmark, "8192x32000", Map.of("plan", name, "launch", "eager"), "ms", median);
    Map<String, Double> also = new HashMap<>(plain.also());
    also.putAll(Map.of("timesChosen", timesChosen, "registers", 64.0, "localBytes", 0.0, "sharedBytes", 131_072.0,
        "residentBlocks", 1.0, "bytesInFlight", 128_000.0));
    return new Measurement(benchmark, plain.parameters(), "ms", plain.time(), also);
  }

  @Test
  void comparisonTellsAnotherDevice() {
    RunComparison slower = RunComparison.of(own(0.4), own(0.5));
    assertThat(slower.slower()).hasSize(1);
    assertThat(slower.notes()).isEmpty();
    assertThat(RunComparison.of(own(0.4), peersAs(own(0.4))).text()).contains("the devices differ");
  }

  @Test
  void whatPythonWritesIsRead() throws IOException {
    Path file = folder.resolve("gpu-peers.json");
    Files.writeString(file, """
        {"group": "gpu-peers", "date": "2026-01-01T00:00:00Z", "commit": "unknown",
         "machine": {"processor": "p", "cores": 16, "lastLevelCacheBytes": 62914560, "system": "Linux"},
         "device": {"name": "a GPU", "capability": "9.0", "multiprocessors": 132, "memoryBytes": 1, "cacheBytes": 1,
           "driver": "d", "compiler": "c"},
         "clocks": {}, "versions": {"torch": "2.11"}, "copyGigabytesPerSecond": 4300.5,
         "quiet": true, "disturbances": [],
         "quietness": {"spinBefore": "NaN", "spinAfter": "NaN", "stolen": 0.0, "others": 0.01},
         "unfinished": 3, "notes": ["absent: quack (x)"],
         "entries": [{"benchmark": "TorchEager.forward", "parameters": {"shape": "1x2"}, "unit": "ms",
           "time": {"median": 1.0, "low": 1.0, "high": 1.0, "fastest": 1.0, "samples": 2}, "also": {"leastBytes": 8}}]}
        """);
    ResultFile read = ResultFiles.read(file);
    assertThat(read.unfinished()).isEqualTo(3);
    assertThat(Objects.requireNonNull(read.quietness()).spinBefore()).isNaN();
    assertThat(read.entries()).singleElement().satisfies(entry -> assertThat(entry.also("leastBytes")).isEqualTo(8));
  }

  private void report() throws IOException {
    MarkdownReport.write(folder, new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8));
  }

  private static ResultFile own(double milliseconds) {
    return file("gpu", DEVICE, List.of(), List.of(
        entry("TemperLoss.forwardBackward", "8192x32000", Map.of("launch", "eager"), "ms", milliseconds),
        entry("TemperLoss.forwardBackward", "8192x32000", Map.of("launch", "graph"), "ms", 0.39),
        entry("TemperLoss.forwardBackward", "65536x10", Map.of("launch", "eager"), "ms", 0.01)));
  }

  /** The second shape has no time: it ran out of memory. */
  private static ResultFile peers() {
    return file("gpu-peers", DEVICE, List.of("absent: quack (ModuleNotFoundError)"), List.of(
        entry("TorchEager.forwardBackward", "8192x32000", Map.of(), "ms", 4),
        entry("GradientError.Temper", "8192x32000", Map.of(), "relative", 1e-3),
        entry("GradientError.TorchEager", "8192x32000", Map.of(), "relative", 2e-2)));
  }

  private static ResultFile peersAs(ResultFile own) {
    return file("gpu", null, List.of(), own.entries());
  }

  private static ResultFile file(String group, @Nullable DeviceFacts device, List<String> notes,
      List<Measurement> entries) {
    Quietness quietness = new Quietness(1, 1, 0, 0);
    return new ResultFile(group, "2026-01-01T00:00:00Z", "0123456789ab",
        new Machine("a processor", 16, 1 << 25, "an OS"), device,
        Map.of("smMegahertz", 1980.0), Map.of("java", "25"), 4300, quietness.quiet(), quietness.disturbances(),
        quietness, 0, notes, entries);
  }

  private static Measurement entry(String benchmark, String shape, Map<String, String> more, String unit,
      double median) {
    Map<String, String> parameters =
        new HashMap<>(Map.of("dtype", "BF16", "shape", shape, "loss", "forward-kl+ce", "temperature", "2.0"));
    parameters.putAll(more);
    return new Measurement(benchmark, parameters, unit,
        new Quantiles(median, median * 0.99, median * 1.01, median * 0.98, 50),
        Map.of("leastBytes", shape.equals("65536x10") ? 3.0 * 655_360 * 2 : 3.0 * 8192 * 32_000 * 2, "peakBytes", 1e6));
  }
}
