package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.temper.emulator.Emulator;
import dev.temper.io.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchCommandTest {

  @TempDir private Path folder;

  @Test
  void printsOneLineForEachWork() {
    Captured run = Captured.run("bench", "--device", "reference", "--quick", "--shapes", "2x10,3x5", "--dtype",
        "f32,bf16",
        "--temperature", "1,4", "--passes", "forward,forward-backward");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).contains("copy rate").containsPattern("2x10 +F32 +forward-kl\\+ce T 1.0 forward ")
        .containsPattern("3x5 +BF16 +forward-kl\\+ce T 4.0 ").contains("quiet");
    assertThat(run.out().lines().filter(line -> line.contains("+ce T"))).hasSize(16);
  }

  @Test
  void printsOneJsonDocumentAndWritesTheSameFile() throws IOException {
    Path file = folder.resolve("results.json");
    Captured run = Captured.run("bench", "--device", "reference", "--quick", "--shapes", "2x10", "--objective",
        "soft,hard",
        "--divergence", "jsd:0.5,tvd", "--json", "--results", file.toString());
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).startsWith("{").endsWith("}\n")
        .contains("\"group\" : \"bench\"", "\"unfinished\" : 0", "\"leastBytes\"", "\"copyGigabytesPerSecond\"",
            "\"loss\" : \"jsd:0.5\"", "\"loss\" : \"ce\"");
    assertThat(file).content().isEqualTo(run.out());
  }

  @Test
  void aBudgetEndsTheRunWithWhatThereIs() throws IOException {
    Path file = folder.resolve("results.json");
    Captured run = Captured.run("bench", "--device", "reference", "--quick", "--shapes", "2x10", "--budget", "0.000001",
        "--results", file.toString());
    assertThat(run.status()).as("it did what it was asked to").isZero();
    assertThat(run.err()).contains("stopped: 1 of 1 entries are missing");
    assertThat(file).content().contains("\"unfinished\" : 1", "\"entries\" : [ ]");
  }

  /**
   * Tests the suite of GPUs without its speed: buffers, prepared launches, the stopwatch, outputs for other programs.
   */
  @Test
  void theSuiteRunsOnTheEmulator() throws IOException {
    Emulator.assumeUsable();
    Path file = folder.resolve("gpu.json");
    Path outputs = folder.resolve("outputs");
    Captured run = Captured.run("bench", "--suite", "gpu", "--device", "emulator", "--quick", "--shapes",
        "64x10,3x1000", "--dtype", "f32,bf16",
        "--temperature", "2", "--parts", "headline,launch,losses,forward", "--results", file.toString(), "--outputs",
            outputs.toString());
    assertThat(run.status()).as(run.err() + run.out()).isZero();
    String json = Files.readString(file);
    assertThat(json).contains("\"group\" : \"gpu\"", "\"capability\" : \"9.0\"", "\"unfinished\" : 0", "\"peakBytes\"",
        "LaunchCost.submit")
        .contains("the emulator has no CUDA graphs");
    // Headline; CE, JSD and soft; and all four forward: 8 for each of the 4 batches.
    assertThat(json.lines().filter(line -> line.contains("\"benchmark\" : \"TemperLoss"))).hasSize(32);
    try (Stream<Path> files = Files.list(outputs)) {
      assertThat(files.map(path -> path.getFileName().toString())).hasSize(12)
          .contains("64x10-BF16-forward-kl+ce.safetensors", "3x1000-F32-jsd-0.5.safetensors");
    }
    try (SafetensorsFile written = SafetensorsFile.open(outputs.resolve("64x10-F32-forward-kl+ce.safetensors"))) {
      float[] soft = written.tensor("row_soft").data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      float[] hard = written.tensor("row_hard").data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      float[] totals = written.tensor("totals").data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      double sum = 0;
      for (int row = 0; row < 64; row++) {
        sum += 0.5 * soft[row] + 0.5 * hard[row];
      }
      assertThat(totals[0]).isCloseTo((float) (sum / 64), withinPercentage(1e-3));
      assertThat(written.tensor("gradient").shape()).isEqualTo(List.of(4L, 10L));
      float[] gradient = written.tensor("gradient").data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      double zero = 0;
      for (int i = 0; i < 10; i++) {
        zero += gradient[i];
      }
      assertThat(zero).as("a row's gradient sums to 0").isCloseTo(0, within(1e-6));
    }
  }

  @Test
  void refusesWrongShapesDtypesAndSuites() throws IOException {
    assertThat(Captured.run("bench", "--shapes", "10").status()).isEqualTo(2);
    assertThat(Captured.run("bench", "--shapes", "2x0").err()).contains("2x0");
    assertThat(Captured.run("bench", "--dtype", "i64").err()).contains("unknown dtype 'i64'")
        .contains("known: f32, bf16, f16;");
    assertThat(Captured.run("bench", "--dtype", "f64").status()).isEqualTo(2);
    Captured cold = Captured.run("bench", "--device", "reference", "--shapes", "2x10", "--quick", "--temperature",
        "2,0");
    assertThat(cold.err()).contains("--temperature is 0, expected a number from 1e-6 to 1e6");
    assertThat(cold.status()).isEqualTo(2);
    assertThat(Captured.run("bench", "--divergence", "kl").err()).contains("forward-kl");
    assertThat(Captured.run("bench", "--suite", "gpus").err()).contains("did you mean 'gpu'");
    Captured headlines = Captured.run("bench", "--suite", "gpu", "--parts", "launch,headlines");
    assertThat(headlines.err()).contains("unknown part 'headlines' (did you mean 'headline'?)");
    assertThat(headlines.status()).isEqualTo(2);
    assertThat(Captured.run("bench", "--suite", "gpu", "--divergence", "tvd").err()).contains("losses of its own");
    assertThat(Captured.run("bench", "--objective", "hard", "--divergence", "tvd").err())
        .contains("--divergence is tvd, but --objective hard computes no divergence; leave one of them out");
    assertThat(Captured.run("bench", "--parts", "launch").err()).contains("--suite gpu");
    assertThat(Captured.run("bench", "--budget", "0").err()).contains("--budget is 0, expected");
    Path nowhere = folder.resolve("nowhere").resolve("results.json");
    assertThat(Captured.run("bench", "--device", "reference", "--shapes", "2x10", "--quick", "--results",
        nowhere.toString()).err()).contains("--results is " + nowhere + ", but there is no folder");
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThat(Captured.run("bench", "--device", "reference", "--shapes", "2x10", "--quick", "--outputs",
        file.toString()).err()).contains("--outputs is " + file + ", which is a file; expected the name of a folder");
    assertThat(Captured.run("bench", "--passes", "backward").err()).contains("forward, forward-backward");
  }
}
