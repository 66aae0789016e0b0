package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.emulator.Defect;
import dev.temper.emulator.Emulator;
import dev.temper.emulator.EmulatorSettings;
import dev.temper.emulator.HostCompiler;
import dev.temper.kernel.code.CacheDirectory;
import dev.temper.kernel.plan.RowPlans;
import dev.temper.tools.process.JavaCommand;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests the CUDA sources in builds that check every access. A few kernels have no findings, each logit is read once,
 * and each planted defect is found by the build that must find it. Each build runs in its own process.
 */
@Execution(ExecutionMode.CONCURRENT)
final class CheckedBuildsTest {

  private static final String GRID = "dev.temper.tools.verify.CheckedGrid";
  private static final String TRAFFIC = "dev.temper.emulator.TracedTraffic";

  private record ProcessResult(int status, String output) {}

  @BeforeAll
  static void requireCompiler() {
    Emulator.assumeUsable();
  }

  @ParameterizedTest
  @ValueSource(strings = {"sanitized", "traced"})
  void thereIsNothingToReport(String build) throws Exception {
    ProcessResult outcome = run(build, GRID, Defect.NONE.name());
    assertThat(outcome.status()).as(outcome.output()).isZero();
    assertThat(outcome.output()).doesNotContain("Sanitizer").doesNotContain("runtime error");
  }

  @Test
  void eachLogitIsReadAsOftenAsItMustAndEachGradientWrittenOnce() throws Exception {
    ProcessResult outcome = run("traced", TRAFFIC);
    assertThat(outcome.status()).as(outcome.output()).isZero();
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
  void eachPlantedDefectIsFound(Defect defect) throws Exception {
    ProcessResult outcome = runOn(defect.build(), defect.capability(), defect.hasRings(), GRID, defect.name());
    assertThat(outcome.status()).as(outcome.output()).isNotZero();
    assertThat(outcome.output()).doesNotContain("compiler failed").containsPattern(Pattern.compile(defect.finding()));
  }

  private static ProcessResult run(String build, String main, String... arguments) throws IOException,
      InterruptedException {
    return runOn(build, "9.0", true, main, arguments);
  }

  private static ProcessResult runOn(String build, String capability, boolean rings, String main,
      String... arguments) throws IOException, InterruptedException {
    List<String> command = JavaCommand.of(main).option("-XX:TieredStopAtLevel=1")
        .property(EmulatorSettings.BUILD_PROPERTY, build).property(EmulatorSettings.CAPABILITY_PROPERTY, capability)
        .property(RowPlans.RING_PROPERTY, rings).property(CacheDirectory.PROPERTY, CacheDirectory.ofUser())
        .with(arguments);
    // Java's signal handlers and its unreachable memory are not findings.
    return process(command, build.equals("sanitized")
        ? Map.of("LD_PRELOAD", library("libasan.so") + ":" + library("libubsan.so"), "ASAN_OPTIONS",
            "handle_segv=0:detect_leaks=0") : Map.of());
  }

  private static String library(String name) throws IOException, InterruptedException {
    String found = process(List.of(HostCompiler.find(System.getenv()).file().toString(), "-print-file-name=" + name),
        Map.of()).output().strip();
    assumeTrue(Path.of(found).isAbsolute(), "DID NOT RUN: the compiler has no " + name);
    return found;
  }

  private static ProcessResult process(List<String> command, Map<String, String> environment) throws IOException,
      InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new ProcessResult(process.waitFor(), output);
  }
}
