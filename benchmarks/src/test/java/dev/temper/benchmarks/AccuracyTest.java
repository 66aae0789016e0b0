package dev.temper.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.tools.bench.Machine;
import dev.temper.tools.bench.Measurement;
import dev.temper.tools.bench.Quietness;
import dev.temper.tools.bench.ResultFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is timed is compared with f64 first. */
final class AccuracyTest {

  @TempDir Path folder;

  @BeforeAll
  static void oneThread() {
    torch.set_num_threads(1); // a second one waits by spinning
  }

  @Test
  void everyGradientThatIsTimedIsNearTheExactOne() throws IOException {
    List<Measurement> entries = Accuracy.entries(List.of("8x10", "4x1001"));
    assertThat(entries).hasSize(12).allSatisfy(entry -> {
      boolean single = entry.parameter("dtype").equals("F32");
      // Rounding to bf16 alone is up to 2^-8 of each element; operators in bf16 round several times.
      double most = single ? 1e-5 : entry.benchmark().endsWith(Accuracy.TEMPER) ? 0x1p-8 : 0.05;
      assertThat(entry.time().high()).as(entry.key()).isBetween(single ? 1e-9 : 1e-4, most);
    });
    Quietness quietness = new Quietness(1, 1, 0, 0);
    ResultFiles.write(folder.resolve("cpu-accuracy.json"),
        new ResultFile("accuracy", "2026-01-01T00:00:00Z", "0123456789ab",
        new Machine("a processor", 2, 1 << 25, "an OS"), null, Map.of(), Map.of(), 40, true, List.of(), quietness, 0,
        List.of(), entries));
    MarkdownReport.write(folder, new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8));
    assertThat(Files.readString(folder.resolve("report.md"))).contains("## Accuracy", "](errors.png)");
    assertThat(ImageIO.read(folder.resolve("errors.png").toFile()).getWidth()).isGreaterThan(760);
  }
}
