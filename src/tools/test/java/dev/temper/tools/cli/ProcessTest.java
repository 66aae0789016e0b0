package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Tests exit status and streams of processes. */
class ProcessTest {

  private static final String JAVA = Path.of(System.getProperty("java.home"), "bin", "java").toString();
  private static final String CLASSES = System.getProperty("java.class.path");

  @TempDir private Path folder;

  private Path input;

  @BeforeEach
  void aBatch() throws IOException {
    input = folder.resolve("batch.safetensors");
    SafetensorsWriter.write(input, List.of(
        LossCommandTest.floats("student", new float[30_000], 10, 3_000),
        LossCommandTest.floats("teacher", new float[30_000], 10, 3_000)));
  }

  @Test
  void successIsZero() throws Exception {
    Captured run = temper("loss", "--device", "reference", "--json", "--input", input.toString());
    assertThat(run.status()).isZero();
    assertThat(run.out()).startsWith("{").endsWith("}\n");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void aWrongCallIsTwo() throws Exception {
    Captured run = temper("lose");
    assertThat(run).isEqualTo(new Captured(2, "", run.err()));
    assertThat(run.err()).startsWith("temper: unknown verb 'lose' (did you mean 'loss'?); known: ");
  }

  @Test
  void aDeviceThatCannotBeUsedNamesTheNextStep() throws Exception {
    Captured run = run(new ProcessBuilder(JAVA, "--enable-native-access=ALL-UNNAMED",
        "-Dtemper.cuda.driver=libcuda-absent.so.1", "-cp", CLASSES, "dev.temper.tools.cli.Temper", "loss", "--device",
        "cuda", "--input", input.toString()));
    assertThat(run.err()).startsWith("temper loss: no CUDA: no NVIDIA driver: ").endsWith(
        "; temper doctor says what can be used here, and --device auto takes the best of it\n");
    assertThat(run.status()).isEqualTo(2);
  }

  /**
   * Tests that a process that is ended by a signal prints the current case. A user needs this name if a device hangs.
   */
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void aGridThatIsEndedSaysWhere() throws Exception {
    Captured run = gridEndedAfter(2);
    for (int seconds = 6; seconds < 60 && !run.err().contains("ended"); seconds *= 3) {  // until it had begun
      run = gridEndedAfter(seconds);
    }
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .matches("([ \\d]+ % .*\n)*temper: ended (before the first case|at [a-z-]+/\\S+, \\d+ of \\d+ cases done)\n");
    assertThat(run.status()).isEqualTo(143);
  }

  private Captured gridEndedAfter(int seconds) throws Exception {
    return run(new ProcessBuilder("sh", "-c", "\"$@\" & child=$!; sleep " + seconds + "; kill $child; wait $child",
        "sh", JAVA,
        "--enable-native-access=ALL-UNNAMED", "-cp", CLASSES, "dev.temper.tools.cli.Temper", "verify", "--device",
            "reference", "--full"));
  }

  /** Tests an interruption, as by Ctrl-C: the measurements so far are printed and written to the file. */
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void aBenchThatIsInterruptedPrintsWhatItHas() throws Exception {
    Path results = folder.resolve("results.json");
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process bench = command("bench", "--device", "reference", "--shapes", "2x10,3x10,4x10,5x10,6x10,7x10,8x10,9x10",
        "--results", results.toString())
        .redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    while (bench.isAlive() && !Files.exists(results)) {
      Thread.sleep(20);
    }
    bench.destroy();
    assertThat(bench.waitFor()).isEqualTo(143);
    assertThat(out).content().containsSubsequence("copy rate ", "\n2x10 ", "quiet");
    assertThat(err).content().matches("interrupted: [1-7] of 8 entries are missing; the results are those so far\n");
    assertThat(results).content().containsPattern("\"unfinished\" : [1-7],").contains("\"shape\" : \"2x10\"");
  }

  /** The first progress line comes after ten seconds; the training is interrupted at that moment. */
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void aTrainingThatIsInterruptedPrintsAndKeepsWhatItHas() throws Exception {
    String words = new SplittableRandom(1).ints(24_000, 'a', 'z' + 1).mapToObj(Character::toString)
        .collect(Collectors.joining(" "));
    Path text = Files.writeString(folder.resolve("text.txt"), words);
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Path results = folder.resolve("results");
    Process training = command("train", "--text", text.toString(), "--steps", "100000", "--out", results.toString())
        .redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    while (training.isAlive() && !Files.readString(err).contains(" % teacher: step ")) {
      Thread.sleep(100);
    }
    training.destroy();
    assertThat(training.waitFor()).isEqualTo(143);
    assertThat(out).content().containsPattern("(?m)^teacher .* \\d+/150000 ");
    assertThat(err).content().endsWith("interrupted: the results are those so far\n");
    assertThat(results.resolve("train.json")).content().contains("\"complete\" : false");
    assertThat(results.resolve("curves.png")).exists();
  }

  /** Tests that lost output is a failure. A script would otherwise accept an incomplete document. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void resultsThatCannotBePrintedAreOne() throws Exception {
    Captured run = into("/dev/full");
    assertThat(run.err()).startsWith("temper: cannot write to stdout: ").hasLineCount(1);
    assertThat(run.status()).isEqualTo(1);
    assertThat(into("/dev/null")).isEqualTo(new Captured(0, "", ""));
  }

  private Captured into(String file) throws Exception {
    return run(new ProcessBuilder("sh", "-c", "exec \"$@\" >" + file, "sh", JAVA, "--enable-native-access=ALL-UNNAMED",
        "-cp", CLASSES,
        "dev.temper.tools.cli.Temper", "loss", "--device", "reference", "--json", "--input", input.toString()));
  }

  /** A limit on the size of files makes writes fail half-way, as a full disk does. */
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void aDiskThatIsFullIsOneAndLeavesNothing() throws Exception {
    Path output = folder.resolve("result.safetensors");
    Captured run = run(new ProcessBuilder("sh", "-c", "ulimit -f 64; exec \"$@\"", "sh", JAVA, "-XX:-UsePerfData",
        "--enable-native-access=ALL-UNNAMED", "-cp", CLASSES, "dev.temper.tools.cli.Temper", "loss", "--device",
            "reference",
        "--input", input.toString(), "--output", output.toString()));
    assertThat(run.err()).startsWith("temper loss: cannot write " + output + ": ").hasLineCount(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.status()).isEqualTo(1);
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("batch.safetensors", "out", "err");
    }
  }

  private Captured temper(String... args) throws Exception {
    return run(command(args));
  }

  private static ProcessBuilder command(String... args) {
    ProcessBuilder builder =
        new ProcessBuilder(JAVA, "--enable-native-access=ALL-UNNAMED", "-cp", CLASSES, "dev.temper.tools.cli.Temper");
    builder.command().addAll(List.of(args));
    return builder;
  }

  private Captured run(ProcessBuilder builder) throws Exception {
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    int status = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start().waitFor();
    return new Captured(status, Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }
}
