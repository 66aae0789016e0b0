package dev.temper.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Result files: written, read back, compared and drawn. */
final class ResultsTest {

  @TempDir Path folder;

  @Test
  void whatWasWrittenIsReadBack() throws IOException {
    ResultFile file = peers(1, 15);
    ResultFiles.write(folder.resolve("a.json"), file);
    assertThat(ResultFiles.read(folder.resolve("a.json"))).isEqualTo(file);
    Files.writeString(folder.resolve("b.json"), "{\"grop\": 1}");
    assertThatThrownBy(() -> ResultFiles.read(folder.resolve("b.json"))).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("b.json");
  }

  @Test
  void comparisonNamesWhatGotSlowerBeyondItsSpread() {
    RunComparison slower = RunComparison.of(peers(1, 15), peers(1.3, 15));
    assertThat(slower.slower()).singleElement().satisfies(change -> assertThat(change.key()).startsWith("TemperLoss"));
    assertThat(slower.text()).contains("slower 1.30 x").contains("2 compared, 1 slower, 0 faster");
    assertThat(RunComparison.of(peers(1.3, 15), peers(1, 15)).faster()).hasSize(1);
    assertThat(slower.notes()).noneMatch(note -> note.contains("not measured again"));
    assertThat(RunComparison.of(peers(1, 15), peers(1.04, 15)).slower()).as("within 5 %").isEmpty();
    assertThat(RunComparison.of(peers(1, 15), peers(1.3, 15.9)).slower()).as("only what is beyond its spread")
        .hasSize(1);
  }

  @Test
  void comparisonTellsWhatIsGone() {
    ResultFile before = peers(1, 15);
    ResultFile after = new ResultFile(before.group(), before.date(), before.commit(), before.machine(), null, Map.of(),
        before.versions(), 40, true, List.of(), before.quietness(), 0, List.of(), before.entries().subList(0, 1));
    assertThat(RunComparison.of(before, after).text())
        .contains("1 configurations of the older run were not measured again, such as TorchLoss");
  }

  @Test
  void filesHaveARateToo() {
    Measurement read = new Measurement("FileRead.safetensors", Map.of("shape", "1000x1000"), "ms",
        new Quantiles(4, 4, 4, 4, 1), Map.of());
    assertThat(Results.gigabytesPerSecond(read)).as("two matrices of 4 MB").isEqualTo(2);
    Measurement error = new Measurement("GradientError.Temper", Map.of("shape", "1000x1000", "dtype", "F32"),
        "relative", new Quantiles(4, 4, 4, 4, 1), Map.of());
    assertThat(Results.gigabytesPerSecond(error)).isNaN();
  }

  @Test
  void reportHoldsTheRatioAndTheDisturbance() throws IOException {
    ResultFiles.write(folder.resolve("cpu-peers.json"), peers(2, 30));
    MarkdownReport.write(folder, new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8));
    assertThat(Files.readString(folder.resolve("report.md")))
        .contains("| memory | F32 | 64x1000 | 2.00 |  | 30.0 |  |  | 15.0 | 15.0 |")
        .contains("was not quiet").contains("other processes took 40.0 % of the time").contains("](speed-up.png)");
    assertThat(ImageIO.read(folder.resolve("speed-up.png").toFile()).getWidth()).isGreaterThan(760);
  }

  private static ResultFile peers(double temper, double torch) {
    Quietness quietness = new Quietness(1, 1, 0, 0.4);
    return new ResultFile("peers", "2026-01-01T00:00:00Z", "0123456789ab",
        new Machine("a processor", 2, 1 << 25, "an OS"),
        null, Map.of(), Map.of("java", "25"), 40, quietness.quiet(), quietness.disturbances(), quietness, 0, List.of(),
        List.of(entry(Results.TEMPER, temper, Map.of()),
            entry(Results.TORCH, torch, Map.of("formula", "USUAL", "allocator", "TUNED"))));
  }

  private static Measurement entry(String benchmark, double median, Map<String, String> more) {
    Map<String, String> parameters = new HashMap<>(Map.of("inputs", "MEMORY", "dtype", "F32", "shape", "64x1000"));
    parameters.putAll(more);
    return new Measurement(benchmark, parameters, "ms",
        new Quantiles(median, median * 0.95, median * 1.05, median * 0.9, 10), Map.of("allocatedBytes", 1.0));
  }
}
