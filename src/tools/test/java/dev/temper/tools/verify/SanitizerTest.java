package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.tools.process.JavaCommand;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The verification grid over a native library built with AddressSanitizer and UndefinedBehaviorSanitizer. */
@Execution(ExecutionMode.CONCURRENT)
final class SanitizerTest {

  @Test
  void theGridLeavesNothingToReport(@TempDir Path build) throws Exception {
    String asan = run(Map.of(), List.of("c++", "-print-file-name=libasan.so")).strip();
    String ubsan = run(Map.of(), List.of("c++", "-print-file-name=libubsan.so")).strip();
    assumeTrue(Path.of(asan).isAbsolute() && Path.of(ubsan).isAbsolute(),
        "did not run: the compiler has no sanitizer libraries");
    run(Map.of("SANITIZE", "address,undefined"), List.of("sh", "native/build", build.toString()));
    Path library;
    try (Stream<Path> files = Files.walk(build)) {
      library = files.filter(file -> file.getFileName().toString().startsWith("libtemper_cpu.")).findFirst()
          .orElseThrow();
    }

    String report = run(
        // Java's signal handlers and its unreachable memory are not findings.
        Map.of("LD_PRELOAD", asan + ":" + ubsan, "ASAN_OPTIONS", "handle_segv=0:detect_leaks=0", "UBSAN_OPTIONS",
            "halt_on_error=1"),
        JavaCommand.of("dev.temper.tools.cli.Temper").property("temper.cpu.library", library)
            .with("verify", "--device", "cpu", "--quick"));

    assertThat(report).doesNotContain("Sanitizer").doesNotContain("runtime error");
  }

  private static String run(Map<String, String> environment, List<String> command) throws IOException,
      InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).directory(new File("."));
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
