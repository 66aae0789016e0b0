package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.Divergence;
import dev.temper.tools.files.Json;
import dev.temper.tools.train.TrainPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TrainCommandTest {

  @TempDir private Path folder;

  /**
   * Returns a text of 24,000 random words. The next word does not depend on the others, so no teacher can be better
   * than a student.
   */
  private Path text() throws IOException {
    Path file = folder.resolve("text.txt");
    SplittableRandom random = new SplittableRandom(1);
    Files.writeString(file, random.ints(24_000, 'a', 'z' + 1).mapToObj(letter -> "word" + (char) letter)
        .collect(Collectors.joining(" ")));
    return file;
  }

  @Test
  void aTeacherWithNothingToTeachFailsButTheNumbersArePrintedAndWritten() throws IOException {
    Path out = folder.resolve("out");
    Captured run = Captured.run("train", "--text", text().toString(), "--steps", "30", "--device", "cpu", "--out",
        out.toString());
    assertThat(run.status()).as(run.err()).isEqualTo(1);
    assertThat(run.err()).contains("nothing to distil", "wrote " + out.resolve("curves.png") + " and ");
    assertThat(run.out()).contains("perplexity", "teacher", "student, labels only", "student, distilled");
    assertThat(Files.readString(out.resolve("train.json")))
        .contains("\"failures\"", "nothing to distil", "\"commit\" : \"");
    assertThat(out.resolve("curves.png")).exists();
    try (var files = Files.list(out)) {
      assertThat(files).hasSize(2);
    }
  }

  @Test
  void jsonIsAllOfStdout() throws IOException {
    Captured run = Captured.run("train", "--text", text().toString(), "--steps", "1", "--device", "cpu", "--json",
        "--temperature", "1,2,4", "--out", folder.toString());
    assertThat(run.out().strip()).startsWith("{").endsWith("}").contains("student, distilled at T = 4");
  }

  @Test
  void aStudentLearnsFromTheTeachersMostProbableWords() throws IOException {
    Captured run = Captured.run("train", "--text", text().toString(), "--steps", "2", "--device", "cpu", "--json",
        "--teacher", "topk:8", "--out", folder.toString());
    JsonNode document = Json.object(run.out()).orElseThrow(() -> new AssertionError(run.err()));
    assertThat(document.at("/plan/distillations/0/temperature").asDouble()).isEqualTo(TrainPlan.LISTS_TEMPERATURE);
    assertThat(document.at("/plan/distillations/0/softWeight").asDouble()).isEqualTo(TrainPlan.LISTS_SOFT_WEIGHT);
    assertThat(document.at("/teacherCache/tail").asText()).isEqualTo("bucket");
    assertThat(document.at("/teacherCache/rows").asLong()).isEqualTo(1024);
    assertThat(document.at("/teacherCache/bytes").asLong())
        .isEqualTo(Files.size(folder.resolve(document.at("/teacherCache/file").asText())));
    assertRefused("have 64 words of a row, but the vocabulary has 28", "train", "--text", text().toString(),
        "--teacher", "topk:64", "--out", folder.toString());
    assertRefused("unknown teacher 'topk:0'; known: logits, and topk:1 to topk:256", "train", "--teacher", "topk:0");
    assertRefused("--tail is truncate, but --teacher is logits", "train", "--tail", "truncate");
    assertRefused("--divergence", "train", "--text", text().toString(), "--teacher", "topk:8", "--divergence", "tvd");
  }

  @ParameterizedTest
  @ValueSource(strings = {"forward-kl", "reverse-kl", "mixed:0.5", "jsd:0.5", "skew-forward-kl:0.1",
      "skew-reverse-kl:0.1", "tvd", "nla", "logit-mse", "dkd:1,2"})
  void everyDivergenceTrains(String divergence) throws IOException {
    Captured run = Captured.run("train", "--text", text().toString(), "--steps", "2", "--device", "reference",
        "--json", "--divergence", divergence, "--out", folder.toString());
    JsonNode document = Json.object(run.out()).orElseThrow(() -> new AssertionError(run.err()));
    assertThat(document.at("/plan/distillations/0/divergence").asText())
        .isEqualTo(Divergence.parse(divergence).label());
    assertThat(run.out()).doesNotContain("NaN", "Infinity");
    assertThat(document.at("/differencesFromReference/gradient").asDouble()).isZero();
  }

  @Test
  void badInputIsNamedAndRefused() throws IOException {
    assertRefused("no such file", "train", "--text", folder.resolve("none.txt").toString());
    Path empty = Files.createFile(folder.resolve("empty.txt"));
    assertRefused("0 words", "train", "--text", empty.toString());
    Path binary = Files.write(folder.resolve("binary.txt"), new byte[] {(byte) 0xC3, 0x28});
    assertRefused("not UTF-8", "train", "--text", binary.toString());
    assertRefused("a directory", "train", "--text", folder.toString());
    assertRefused("unknown device 'gpu'", "train", "--text", text().toString(), "--device", "gpu");
    assertRefused("--temperature is 0, expected", "train", "--temperature", "0");
    assertRefused("--soft-weight is 1.5, expected 0 to 1; the labels get the rest\n", "train", "--soft-weight", "1.5");
    assertRefused("dkd:1 needs two weights", "train", "--divergence", "dkd:1");
    assertRefused("--steps is 0", "train", "--steps", "0");
    assertRefused("--seeds is 0", "train", "--seeds", "0");
    assertRefused("--teacher-steps is 0", "train", "--teacher-steps", "0");
    assertRefused("--learning-rate is 0, expected", "train", "--learning-rate", "0");
    assertRefused("; half of the literature puts alpha on the teacher, half on the labels: here --soft-weight is the"
        + " weight of the"
        + " teacher, and the labels get the rest; see temper train --help", "train", "--alpha", "0.3");
    assertRefused("empty.txt, which is a file", "train", "--text", text().toString(), "--out", empty.toString());
  }

  private static void assertRefused(String expected, String... args) {
    Captured run = Captured.run(args);
    assertThat(run.err()).contains(expected);
    assertThat(run.err()).doesNotContain("builder()", "hinton");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
  }
}
