package dev.temper.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Compares rows at the limits of the CPU engine's fast path with f64, and checks that each planted defect of that path
 * is found.
 */
@Execution(ExecutionMode.CONCURRENT)
final class FastPathTest {

  private static final String TEST = "native/cpu/test/paths_test.cpp";

  @ParameterizedTest
  @EnumSource
  void rowsAgreeWithF64UnlessADefectIsPlanted(PathDefect defect, @TempDir Path folder) throws Exception {
    assumeTrue(run(List.of("sh", "-c", "command -v g++")).status() == 0, "DID NOT RUN: no g++ here");
    copySources(folder);
    Path header = folder.resolve("native/cpu").resolve(defect.file());
    Files.writeString(header, defect.plant(Files.readString(header)));

    String binary = folder.resolve("paths").toString();
    ProcessResult compiled = run(List.of("g++", "-std=c++17", "-O0", "-DTEMPER_INLINE=inline", "-ffp-contract=off",
        "-fno-math-errno", "-w", folder.resolve(TEST).toString(), "-o", binary));
    assertThat(compiled.status()).as(compiled.output()).isZero();
    ProcessResult result = run(List.of(binary));

    assertThat(result.status()).as(result.output()).isEqualTo(defect == PathDefect.NONE ? 0 : 1);
    assertThat(result.output()).contains(defect == PathDefect.NONE ? "paths: passed" : "FAILED");
  }

  private static void copySources(Path folder) throws IOException {
    for (String sources : List.of("native/cpu", "kernels")) {
      try (Stream<Path> files = Files.walk(Path.of(sources))) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Path copy = folder.resolve(file.toString());
          Files.createDirectories(copy.resolveSibling("."));
          Files.copy(file, copy);
        }
      }
    }
  }

  private record ProcessResult(int status, String output) {}

  private static ProcessResult run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new ProcessResult(process.waitFor(), output);
  }
}
