package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the script that measures other libraries. It makes the same batches and confirms Temper's results on them. */
class PeersTest {

  private static final Path SCRIPTS = Path.of("benchmarks", "gpu").toAbsolutePath();
  private static final String NOT_RUN = "no python3 with PyTorch here: the peers' script was not run";

  @TempDir private Path folder;

  @Test
  void itsOwnTestsPass() throws Exception {
    Optional<String> python = python();
    assumeTrue(python.isPresent(), NOT_RUN);
    Captured run = run(
        List.of(python.orElseThrow(), "-B", "-m", "unittest", "test_suite", "test_adapters", "test_heads"));
    assertThat(run.status()).as(run.out()).isZero();
  }

  @Test
  void temperIsRightOnTheBatchesThatPythonMakes() throws Exception {
    Optional<String> python = python();
    assumeTrue(python.isPresent(), NOT_RUN);
    Path outputs = folder.resolve("outputs");
    String shapes = "5x10,3x1001";
    Captured ours = Captured.run("bench", "--suite", "gpu", "--device", "reference", "--quick", "--shapes", shapes,
        "--temperature", "2",
        "--parts", "headline,losses", "--outputs", outputs.toString());
    assertThat(ours.status()).as(ours.err()).isZero();

    Path results = folder.resolve("peers.json");
    Captured theirs = run(List.of(python.orElseThrow(), "-B", SCRIPTS.resolve("peers.py").toString(), "--device", "cpu",
        "--quick",
        "--shapes", shapes, "--peers", "eager-float32", "--ours", outputs.toString(), "--results", results.toString()));
    assertThat(theirs.status()).as(theirs.out()).isZero();
    assertThat(results).content()
        .contains("RowLossError.Temper", "GradientError.Temper", "TorchEagerFloat32.forwardBackward")
        .doesNotContain("WRONG", "Temper left no");
  }

  /** The first of the usual ones that has PyTorch. */
  private Optional<String> python() throws Exception {
    for (String name : List.of("python3", "/usr/bin/python3")) {
      try {
        if (run(List.of(name, "-c", "import torch")).status() == 0) {
          return Optional.of(name);
        }
      } catch (IOException e) {
        // there is none of that name
      }
    }
    return Optional.empty();
  }

  private Captured run(List<String> command) throws Exception {
    Path said = folder.resolve("said");
    Process process = new ProcessBuilder(command).directory(SCRIPTS.toFile()).redirectErrorStream(true)
        .redirectOutput(said.toFile()).start();
    int status = process.waitFor();
    return new Captured(status, Files.readString(said, StandardCharsets.UTF_8), "");
  }
}
