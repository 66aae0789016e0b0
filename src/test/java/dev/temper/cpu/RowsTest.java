package dev.temper.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Runs the C++ tests of the engine's rows: every form of a divergence in rows and tiles, and merged partials. */
@Execution(ExecutionMode.CONCURRENT)
final class RowsTest {

  @Test
  void everyFormAgreesWithF64AndPartialsMerge() throws IOException, InterruptedException {
    assumeTrue(new ProcessBuilder("sh", "-c", "command -v g++").start().waitFor() == 0, "DID NOT RUN: no g++ here");
    Process process = new ProcessBuilder("sh", "native/cpu/test/run", Path.of("target", "cpu-rows").toString())
        .redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).contains("rows: passed");
  }
}
