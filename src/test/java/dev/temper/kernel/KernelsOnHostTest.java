package dev.temper.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Runs the scripts that hold the CUDA sources without a GPU: the host runtime's own tests, the kernels against a f64 reference
 * in three builds, the planted defects, and the compiler's gate.
 */
class KernelsOnHostTest {

  private static final int NOT_RUN = 3;
  private static final Path BUILD = Path.of("target", "cuda-host").toAbsolutePath();

  @ParameterizedTest
  @CsvSource({
    "native/cuda-host/test/run",
    "native/cuda-host/test/kernels plain",
    "native/cuda-host/test/kernels sanitized",
    "native/cuda-host/test/kernels traced",
    "native/cuda-host/test/defects"
  })
  void theHostRuntimeFindsNothingButPlantedDefects(String command) throws IOException, InterruptedException {
    assumeTrue(found("g++"), "no g++ here: the CUDA sources were not run on the host");
    Outcome outcome = run(command);
    assertThat(outcome.status()).as(outcome.tail()).isZero();
  }

  @ParameterizedTest
  @CsvSource("kernels/gate")
  void specialisationsCompileWithoutSpills(String command) throws IOException, InterruptedException {
    Outcome outcome = run(command);
    assumeTrue(outcome.status() != NOT_RUN, outcome.tail());
    assertThat(outcome.status()).as(outcome.tail()).isZero();
  }

  private record Outcome(int status, List<String> lines) {
    String tail() {
      return String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
    }
  }

  private static Outcome run(String command) throws IOException, InterruptedException {
    Files.createDirectories(BUILD);
    Path output = Files.createTempFile(BUILD, "output", ".txt");
    Process process = new ProcessBuilder("sh", "-c", command + " \"$0\"", BUILD.toString())
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
    if (!process.waitFor(10, TimeUnit.MINUTES)) {
      process.destroyForcibly().waitFor();
    }
    return new Outcome(process.exitValue(), Files.readAllLines(output));
  }

  private static boolean found(String compiler) throws IOException, InterruptedException {
    return new ProcessBuilder("sh", "-c", "command -v " + compiler).start().waitFor() == 0;
  }
}
