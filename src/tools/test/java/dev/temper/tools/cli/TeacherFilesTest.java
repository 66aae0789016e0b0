package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.temper.DType;
import dev.temper.io.SafetensorsFile;
import dev.temper.io.Tensor;
import dev.temper.io.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the teachers that {@code temper loss} reads beside logits, and the lists that {@code temper topk} writes. */
class TeacherFilesTest {

  private static final float[] STUDENT = {1, 2, 0, -1, 0.5f, 3, 0, 1};
  private static final float[] TEACHER = {2, 1, 0.5f, 0, 1, 4, 0, -2};
  private static final List<String> LOSS = List.of("loss", "--temperature", "2", "--json");

  @TempDir private Path folder;

  private Path input;
  private String device = "reference";

  @BeforeEach
  void names() {
    input = folder.resolve("batch.safetensors");
  }

  @Test
  void listsAreMadeAndRead() throws IOException {
    write(floats("student", STUDENT, 2, 4), floats("teacher", TEACHER, 2, 4));
    Path cache = folder.resolve("cache.safetensors");
    Captured made = Captured.run("topk", "--device", "reference", "--input", input.toString(), "--k", "4",
        "--temperature", "2", "--output", cache.toString(), "--json");
    assertThat(made.status()).as(made.err()).isZero();
    JsonNode document = new ObjectMapper().readTree(made.out());
    assertThat(document.get("rows").asInt()).isEqualTo(2);
    assertThat(document.get("bytes").asLong()).isEqualTo(cache.toFile().length());
    try (SafetensorsFile file = SafetensorsFile.open(cache)) {
      assertThat(file.metadata()).containsEntry("temperature", "2.0").containsEntry("k", "4")
          .containsEntry("classes", "4");
      assertThat(file.tensors().keySet()).containsExactlyInAnyOrder("teacher_ids", "teacher_log_probs", "teacher_lse",
          "teacher_mass", "teacher_log_tail");
    }
    double dense = total();
    for (String tail : List.of("truncate", "renormalise-teacher", "renormalise-both", "bucket")) {
      assertThat(total("--teacher", cache.toString(), "--tail", tail)).as(tail).isCloseTo(dense, within(1e-6));
    }
    assertRefused(List.of("--teacher", cache.toString(), "--tail", "bucket", "--temperature", "3"),
        "log-probabilities at temperature 2", "--temperature 3");
    assertRefused(List.of("--teacher", cache.toString(), "--tail", "bucket", "--num-classes", "3"),
        "made from 4 classes", "--num-classes");
    assertRefused(List.of("--teacher", cache.toString()), "--tail is missing");
    assertRefused(List.of("--teacher", cache.toString(), "--tail", "truncate", "--divergence", "reverse-kl"),
        "--divergence reverse-kl and teacher top-k truncate exclude each other");
    assertRefused(List.of("--teacher", input.toString(), "--tail", "bucket"), "no tensor 'teacher_ids'",
        "--teacher reads a file that temper topk wrote");
    assertRefused(List.of("--teacher", cache.toString(), "--tail", "bucket", "--log-probs-at", "3"),
        "--log-probs-at is 3, but the teacher is given by the file of --teacher");
    Captured swapped = Captured.run("loss", "--device", "reference", "--input", cache.toString());
    assertThat(swapped.err()).contains("no tensor 'student'", "a file of temper topk is given by --teacher");
  }

  @Test
  void topkNamesItsOptions() throws IOException {
    write(floats("student", STUDENT, 2, 4), floats("teacher", TEACHER, 2, 4));
    for (String k : List.of("0", "300")) {
      assertThat(topk(k, "2")).isEqualTo("temper topk: --k is " + k + ", expected 1 to 256\n");
    }
    assertThat(topk("5", "2")).isEqualTo("temper topk: --k is 5, expected at most 4, the number of classes of the"
        + " tensor 'teacher' in " + input + "\n");
    Captured archive = Captured.run("topk", "--device", "reference", "--input", input.toString(), "--k", "2",
        "--temperature", "2", "--output", folder.resolve("cache.npz").toString());
    assertThat(archive.err()).contains("cache.npz, expected a name that ends in .safetensors");
    assertThat(topk("2", "0")).startsWith("temper topk: --temperature is 0, expected a number from 1e-6 to 1e6");
  }

  private String topk(String k, String temperature) {
    Captured run = Captured.run("topk", "--device", "reference", "--input", input.toString(), "--k", k, "--temperature",
        temperature, "--output", folder.resolve("cache.safetensors").toString());
    assertThat(run.status()).isEqualTo(2);
    return run.err();
  }

  @Test
  void optionsOfAnotherTeacherAreRefused() throws IOException {
    Tensor ids = new Tensor("teacher_ids", DType.I32, List.of(2L, 2L), MemorySegment.ofArray(new int[] {0, 1, 1, 0}));
    Tensor student = floats("student", STUDENT, 2, 4);
    write(student, ids, floats("teacher_sample_weights", new float[] {1, 2, 3, 0}, 2, 2));
    assertRefused(List.of("--tail", "bucket"),
        "--tail is bucket, but the teacher is given by teacher_ids and teacher_sample_weights");
    assertRefused(List.of("--log-probs-at", "2"), "--log-probs-at is 2, but the teacher is given by");
    write(student, ids, floats("teacher_log_probs", new float[] {-1, -2, -1, -2}, 2, 2));
    assertRefused(List.of("--tail", "bucket", "--teacher-form", "probs"),
        "--teacher-form is probs, but the teacher is given by teacher_ids and teacher_log_probs");
    assertRefused(List.of("--tail", "bucket", "--teacher-weights", "0.5,0.5"),
        "--teacher-weights is 0.5,0.5, but the teacher is given by teacher_ids and teacher_log_probs");
  }

  @Test
  void theTensorsOfSeveralTeachersAreRefused() throws IOException {
    Tensor student = floats("student", STUDENT, 2, 4);
    Tensor teacher = floats("teacher", TEACHER, 2, 4);
    Tensor first = floats("teacher.0", TEACHER, 2, 4);
    Tensor second = floats("teacher.1", TEACHER, 2, 4);
    write(student, teacher, first, second);
    assertRefused(List.of("--teacher-weights", "0.5,0.5"), "found tensors 'teacher' and 'teacher.0', expected one");
    write(student, teacher, integers("teacher_row_index", 1, 0), integers("class_map", 0, 1, 2, 3));
    assertRefused(List.of(), "found tensors 'teacher_row_index' and 'class_map', expected one");
    write(student, first, second, integers("teacher_row_index", 1, 0));
    assertRefused(List.of("--teacher-weights", "0.5,0.5"),
        "found tensor 'teacher_row_index', which selects logits of the tensor teacher, but the teacher is given by");
    write(student, second);
    assertRefused(List.of("--teacher-weights", "0.5,0.5"), "no tensor 'teacher.0'; the file holds 'student',"
        + " 'teacher.1'; --teacher-weights needs one tensor for each weight", "a single teacher is the tensor");
    assertRefused(List.of(), "--teacher-weights is missing, but " + input + " holds teacher.1; give one weight");
    write(student, first, second);
    assertRefused(List.of("--teacher-weights", "0.5,0.5,0"), "no tensor 'teacher.2'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void probabilitiesMixturesMapsAndIndicesAreRead(String computing) throws IOException {
    device = computing;
    float[] logs = new float[8];
    float[] probabilities = new float[8];
    for (int row = 0; row < 2; row++) {
      double sum = 0;
      for (int c = 0; c < 4; c++) {
        sum += Math.exp(TEACHER[4 * row + c] / 2);
      }
      for (int c = 0; c < 4; c++) {
        logs[4 * row + c] = (float) (TEACHER[4 * row + c] / 2 - Math.log(sum));
        probabilities[4 * row + c] = (float) Math.exp(logs[4 * row + c]);
      }
    }
    write(floats("student", STUDENT, 2, 4), floats("teacher", TEACHER, 2, 4));
    double dense = total();
    write(floats("student", STUDENT, 2, 4), floats("teacher", logs, 2, 4));
    assertThat(total("--teacher-form", "log-probs")).isCloseTo(dense, within(1e-6));
    write(floats("student", STUDENT, 2, 4), floats("teacher", probabilities, 2, 4));
    assertThat(total("--teacher-form", "probs")).isCloseTo(dense, within(1e-6));
    write(floats("student", STUDENT, 2, 4), floats("teacher.0", TEACHER, 2, 4), floats("teacher.1", TEACHER, 2, 4));
    assertThat(total("--teacher-weights", "0.25,0.75")).isCloseTo(dense, within(1e-6));
    assertRefused(List.of(), "--teacher-weights is missing", "holds teacher.0, teacher.1; give one weight");
    write(floats("student", STUDENT, 2, 4), floats("teacher", TEACHER, 2, 4), integers("teacher_row_index", 1, 0));
    assertThat(total()).isNotCloseTo(dense, within(1e-3));
    write(floats("student", STUDENT, 2, 4), floats("teacher", TEACHER, 2, 4), integers("class_map", 0, 1, 2, 3));
    Path rows = folder.resolve("rows.safetensors");
    assertThat(total("--row-outputs", "--output", rows.toString())).isCloseTo(dense, within(1e-6));
    try (SafetensorsFile file = SafetensorsFile.open(rows)) {
      assertThat(file.tensors()).containsKey("row_unmapped_mass");
    }
    write(floats("student", STUDENT, 2, 4),
        new Tensor("teacher_ids", DType.I32, List.of(2L, 2L), MemorySegment.ofArray(new int[] {0, 1, 1, 0})),
        floats("teacher_sample_weights", new float[] {1, 2, 3, 0}, 2, 2));
    assertThat(total()).isPositive();
  }

  private void assertRefused(List<String> options, String... words) {
    List<String> all = new ArrayList<>(List.of("loss", "--device", "reference", "--input", input.toString(),
        "--temperature", "2"));
    if (options.contains("--temperature")) {
      all.removeLast();
      all.removeLast();
    }
    all.addAll(options);
    Captured run = Captured.run(all.toArray(String[]::new));
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains(words);
  }

  private double total(String... options) throws IOException {
    List<String> all = new ArrayList<>(LOSS);
    all.addAll(List.of("--input", input.toString(), "--device", device));
    all.addAll(Arrays.asList(options));
    Captured run = Captured.run(all.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    return new ObjectMapper().readTree(run.out()).get("total").asDouble();
  }

  private void write(Tensor... tensors) throws IOException {
    SafetensorsWriter.write(input, List.of(tensors));
  }

  private static Tensor floats(String name, float[] values, long rows, long classes) {
    return new Tensor(name, DType.F32, List.of(rows, classes), MemorySegment.ofArray(values));
  }

  private static Tensor integers(String name, int... values) {
    return new Tensor(name, DType.I32, List.of((long) values.length), MemorySegment.ofArray(values));
  }
}
