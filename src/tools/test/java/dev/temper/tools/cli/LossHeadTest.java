package dev.temper.tools.cli;

import static dev.temper.tools.cli.LossCommandTest.floats;
import static dev.temper.tools.cli.LossCommandTest.labels;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFile;
import dev.temper.tools.files.Json;
import dev.temper.io.SafetensorsWriter;
import dev.temper.tools.files.TensorFiles;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Tests {@code temper loss} for a student given by hidden states. The student's weight is the identity, so that its
 * hidden states are its logits, and the logits of the teacher are {@code hidden * [1, 0.5, 0.25]}.
 */
class LossHeadTest {

  private static final double KL_AT_4 = 0.383443716947531;
  private static final double[] GRADIENT = {-0.316017435223, 0.413700330061, -0.0976828948383};

  @TempDir private Path folder;

  private Path output;
  private final Map<String, Tensor> batch = new TreeMap<>();

  @BeforeEach
  void aBatch() {
    output = folder.resolve("result.safetensors");
    put(floats("student_hidden", new float[] {1, 2, 0, 1, 2, 0}, 2, 1, 3));
    put(floats("student_weight", new float[] {1, 0, 0, 0, 1, 0, 0, 0, 1}, 3, 3));
    put(floats("student_bias", new float[3], 3));
    put(floats("teacher_hidden", new float[] {2, 2}, 2, 1, 1));
    put(floats("teacher_weight", new float[] {1, 0.5f, 0.25f}, 3, 1));
    put(labels(new long[] {0, -100}, 2, 1));
  }

  @ParameterizedTest
  @CsvSource({"reference, 1e-7", "cpu, 1e-6"})
  void computesTheGoldenExample(String device, double bound) throws IOException {
    JsonNode json = json("--device", device, "--temperature", "4", "--output", output.toString());
    assertThat(json.get("total").doubleValue()).isCloseTo(KL_AT_4, within(bound));
    assertThat(json.get("countedRows").longValue()).isEqualTo(1);
    assertThat(json.get("workspace").get("chunks").longValue()).isEqualTo(1);
    assertThat(json.get("workspace").get("limit").longValue()).isEqualTo(256 << 20);
    try (TensorFile result = TensorFiles.open(output)) {
      assertThat(result.tensors().keySet())
          .containsExactlyInAnyOrder("gradient_hidden", "gradient_weight", "gradient_bias", "row_soft", "row_hard");
      assertThat(result.info("gradient_hidden").describe()).isEqualTo("[2, 1, 3] F32");
      assertThat(result.info("gradient_weight").describe()).isEqualTo("[3, 3] F32");
      assertThat(result.info("gradient_bias").describe()).isEqualTo("[3] F32");
      float[] hidden = values(result, "gradient_hidden");
      float[] weight = values(result, "gradient_weight");
      float[] bias = values(result, "gradient_bias");
      for (int i = 0; i < 3; i++) {
        assertThat((double) hidden[i]).isCloseTo(GRADIENT[i], within(bound));
        assertThat(hidden[3 + i]).isZero();
        assertThat((double) bias[i]).isCloseTo(GRADIENT[i], within(bound));
        assertThat((double) weight[3 * i + 1]).isCloseTo(2 * GRADIENT[i], within(2 * bound));
      }
    }
  }

  @Test
  void gradientsAreAddedToThoseOfTheBatch() throws IOException {
    put(floats("gradient_hidden", new float[] {1, 1, 1, 1, 1, 1}, 2, 1, 3));
    put(floats("gradient_weight", new float[] {1, 1, 1, 1, 1, 1, 1, 1, 1}, 3, 3));
    put(floats("gradient_bias", new float[] {1, 1, 1}, 3));
    json("--device", "reference", "--temperature", "4", "--accumulate", "--output", output.toString());
    try (TensorFile result = TensorFiles.open(output)) {
      assertThat((double) values(result, "gradient_bias")[0]).isCloseTo(1 + GRADIENT[0], within(1e-6));
      assertThat((double) values(result, "gradient_hidden")[1]).isCloseTo(1 + GRADIENT[1], within(1e-6));
      assertThat((double) values(result, "gradient_weight")[0]).isCloseTo(1 + GRADIENT[0], within(1e-6));
    }
  }

  @Test
  void theMemoryOfTheHeadIsReported() throws IOException {
    Captured run = run("--device", "reference", "--workspace-mib", "2", "--chunk-logits", "student");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).contains("head  1 chunk of 2 rows, 0.0 of 2 MiB");
  }

  @Test
  void faultsNameTensorsAndNumbers() throws IOException {
    put(floats("student", new float[6], 2, 1, 3));
    assertRefused("tensor 'student' and tensor 'student_hidden', expected one of the two");
    batch.remove("student");
    put(floats("student_weight", new float[6], 3, 2));
    assertRefused("student_hidden is [2, 3] F32 and student_weight [3, 2] F32, expected as many features in both");
    put(floats("student_weight", new float[12], 4, 3));
    assertRefused("tensor 'student_bias' is [3] F32, expected [4] F32");
    batch.remove("student_bias");
    assertRefused("student has 4 classes and the head of the teacher 3", "--num-classes");
    batch.remove("student_weight");
    assertRefused("student_weight", "it makes logits of student_hidden");
    assertRefusedWith("--workspace-mib is 0, expected 1 or more", "--workspace-mib", "0");
    assertRefusedWith("unknown type 'bf16'", "--chunk-logits", "bf16");
  }

  private void assertRefused(String... parts) throws IOException {
    Captured run = run("--device", "reference", "--output", output.toString());
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains(parts);
    assertThat(output).doesNotExist();
  }

  private void assertRefusedWith(String part, String... options) throws IOException {
    Captured run = run(options);
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains(part);
  }

  private JsonNode json(String... options) throws IOException {
    List<String> call = new ArrayList<>(List.of(options));
    call.add("--json");
    Captured run = run(call.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    return Json.object(run.out()).orElseThrow();
  }

  private Captured run(String... options) throws IOException {
    Path input = folder.resolve("batch.safetensors");
    SafetensorsWriter.write(input, List.copyOf(batch.values()));
    List<String> call = new ArrayList<>(List.of("loss", "--input", input.toString()));
    call.addAll(List.of(options));
    return Captured.run(call.toArray(String[]::new));
  }

  private void put(Tensor tensor) {
    batch.put(tensor.name(), tensor);
  }

  private static float[] values(TensorFile file, String name) throws IOException {
    return file.tensor(name).data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
  }
}
