package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.emulator.Emulator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Runs the whole check with the emulator in the place of a GPU. Every step that needs no GPU must pass. */
@Execution(ExecutionMode.CONCURRENT)
class GpuCheckCommandTest {

  @TempDir private Path folder;

  @Test
  void dryRun() throws IOException {
    Emulator.assumeUsable();
    Path out = folder.resolve("out");
    Captured run = Captured.run("gpu-check", "--device", "emulator", "--quick", "--out", out.toString());
    assertThat(run.out()).as(run.err()).containsSubsequence(
        "smoke        doctor             passed",
        "smoke        device-functions   passed",
        "smoke        losses             passed",
        "smoke        clusters           passed",
        "correctness  verify-1           passed",
        "correctness  verify-2           passed",
        "correctness  rerun-first        passed",
        "correctness  rerun-again        passed",
        "sanitize     memcheck           not run     0.0 s  compute-sanitizer watches a GPU, and the device is"
            + " emulator",
        "sanitize     racecheck          not run",
        "sanitize     synccheck          not run",
        "sanitize     initcheck          not run",
        "rings        ring-rows          passed",
        "rings        ring-memcheck      not run",
        "rings        ring-racecheck     not run",
        "rings        ring-bench         passed",
        "speed        bench              passed",
        "plans        plans              passed",
        "peers        peers              ").doesNotContain(" failed ");
    assertThat(run.status()).isZero();
    assertThat(Files.readString(out.resolve("gpu-check.json"))).contains("\"failed\" : 0", "\"stagesNotRun\" : [ ]",
        "\"facts\" : {", "\"commit\" : ",
        "./temper verify --device emulator --json --only device-functions\"",
            "--output logs/rerun-again.safetensors", "\"copyGigabytesPerSecond\" : ",
        "\"benchmark\" : \"RowPlan.best\"");
  }

  @Test
  void anUnknownStageIsAWrongCall() {
    Captured run = Captured.run("gpu-check", "smoek", "--out", folder.toString());
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err())
        .contains("no stage is named 'smoek' (did you mean 'smoke'?); known: smoke, correctness, sanitize, rings,"
            + " speed, plans, peers");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aFileInPlaceOfTheFolderIsAWrongCall() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    Captured run = Captured.run("gpu-check", "smoke", "--out", file.toString());
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).isEqualTo("temper gpu-check: --out is " + file
        + ", which is a file; expected the name of a folder\n");
  }
}
