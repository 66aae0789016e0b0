package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The tests of CUDA on the host: small kernels, correct ones and some with defects, in three builds. */
@Execution(ExecutionMode.CONCURRENT)
final class HostRuntimeTest {

  @Test
  void theRuntimeFindsNothingButPlantedDefects() throws IOException, InterruptedException {
    assumeTrue(new ProcessBuilder("sh", "-c", "command -v g++").start().waitFor() == 0, "DID NOT RUN: no g++ here");
    Process process = new ProcessBuilder("sh", "native/cuda-host/test/run",
        Path.of("target", "cuda-host").toAbsolutePath().toString())
        .redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }
}
