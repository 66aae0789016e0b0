package dev.temper.tools.cli;

import static dev.temper.tools.cli.LossCommandTest.floats;
import static dev.temper.tools.cli.LossCommandTest.labels;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.DType;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFile;
import dev.temper.tools.files.Json;
import dev.temper.io.SafetensorsWriter;
import dev.temper.tools.files.TensorFiles;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the options of {@code temper loss} for the whole family of losses, on the reference. */
class LossFamilyTest {

  private static final float[] STUDENT = {1, 2, 0};
  private static final float[] TEACHER = {2, 1, 0.5f};
  private static final double LSE = Math.log(Math.exp(1) + Math.exp(2) + 1);
  private static final double CROSS_ENTROPY = 1.40760596444438;
  private static final double KL = 0.410667193509093;

  @TempDir private Path folder;

  private Path input;
  private Path output;

  @BeforeEach
  void write() throws IOException {
    input = folder.resolve("batch.safetensors");
    output = folder.resolve("result.safetensors");
    write(floats("student", STUDENT, 1, 3), floats("teacher", TEACHER, 1, 3), labels(new long[] {0}, 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"forward-kl", "reverse-kl", "mixed:0.25", "jsd:0.5", "skew-forward-kl:0.1",
      "skew-reverse-kl:0.1", "tvd", "nla", "logit-mse", "dkd:1,8"})
  void everyDivergenceIsComputed(String divergence) throws IOException {
    JsonNode json = json("--divergence", divergence, "--temperature", "2", "--hard-weight", "0.5", "--output",
        output.toString());
    assertThat(json.get("soft").doubleValue()).isPositive();
    assertThat(values("gradient")).doesNotContain(Float.NaN);
  }

  @Test
  void theAcceptanceIsTheSumOfTheLesserProbabilities() throws IOException {
    double[] p = softmax(TEACHER);
    double[] q = softmax(STUDENT);
    double acceptance = 0;
    for (int i = 0; i < 3; i++) {
      acceptance += Math.min(p[i], q[i]);
    }
    assertThat(json("--divergence", "nla").get("soft").doubleValue()).isCloseTo(-Math.log(acceptance), within(1e-14));
  }

  @Test
  void eachOptionReachesTheLoss() throws IOException {
    assertThat(hard("--z-loss", "0.25")).isCloseTo(CROSS_ENTROPY + 0.25 * LSE * LSE, within(1e-13));
    double entropy = 0;
    for (double p : softmax(TEACHER)) {
      entropy -= p * Math.log(p);
    }
    assertThat(json("--soft-value", "cross-entropy").get("soft").doubleValue()).isCloseTo(KL + entropy, within(1e-13));
    assertThat(json("--teacher-softcap", "1e9").get("soft").doubleValue()).isCloseTo(KL, within(1e-12));
    assertThat(json("--teacher-softcap", "0.5").get("soft").doubleValue()).isNotCloseTo(KL, within(1e-2));
    JsonNode standardised = json("--standardise");
    assertThat(standardised.get("soft").doubleValue()).isNotCloseTo(KL, within(1e-2));
    assertThat(standardised.get("loss").get("standardise").booleanValue()).isTrue();
  }

  @Test
  void denominatorsOfEachPart() throws IOException {
    JsonNode json = json("--hard-weight", "1", "--soft-denominator", "2", "--hard-denominator", "5");
    assertThat(json.get("soft").doubleValue()).isCloseTo(KL / 2, within(1e-14));
    assertThat(json.get("hard").doubleValue()).isCloseTo(CROSS_ENTROPY / 5, within(1e-13));
    assertThat(json.get("loss").get("softDenominator").doubleValue()).isEqualTo(2);
    assertThat(json.get("loss").get("denominator").isNull()).isTrue();
    JsonNode one = json("--hard-weight", "1", "--denominator", "2", "--hard-denominator", "5");
    assertThat(one.get("total")).isEqualTo(json.get("total"));
  }

  @Test
  void ignoreScopeHardCountsTheLabelledRows() throws IOException {
    write(floats("student", twice(STUDENT), 2, 3), floats("teacher", twice(TEACHER), 2, 3),
        labels(new long[] {0, -100}, 2));
    JsonNode json = json("--hard-weight", "1", "--ignore-scope", "hard", "--output", output.toString());
    assertThat(json.get("countedRows").longValue()).isEqualTo(2);
    assertThat(json.get("hardCountedRows").longValue()).isEqualTo(1);
    assertThat(json.get("soft").doubleValue()).isCloseTo(KL, within(1e-14));
    assertThat(json.get("hard").doubleValue()).isCloseTo(CROSS_ENTROPY, within(1e-13));
    assertThat(values("row_soft")).containsOnly((float) KL);
    assertThat(values("row_hard")).containsExactly((float) CROSS_ENTROPY, 0);
    assertThat(json("--hard-weight", "1").has("hardCountedRows")).isFalse();
    assertThat(text("--hard-weight", "1", "--ignore-scope", "hard"))
        .contains("rows  2, counted 2, with a label 1, non-finite 0");
  }

  @Test
  void rowWeightsMayBeNegative() throws IOException {
    write(floats("student", STUDENT, 1, 3), floats("teacher", TEACHER, 1, 3),
        floats("row_weights", new float[] {-2}, 1));
    assertThat(json().get("total").doubleValue()).isCloseTo(-2 * KL, within(1e-13));
  }

  @Test
  void rowOutputsAreTensorsOfTheOutput() throws IOException {
    json("--row-outputs", "--temperature", "4", "--output", output.toString());
    assertThat(values("row_label_log_prob")).containsExactly((float) (1 - LSE));
    assertThat(values("row_student_entropy")).hasSize(1);
    assertThat(values("row_teacher_entropy")[0]).isCloseTo(1.0860958f, within(1e-6f));
    write(floats("student", STUDENT, 1, 3), floats("teacher", TEACHER, 1, 3));
    Captured run = run("--row-outputs", "--output", output.toString());
    assertThat(run.err()).isEqualTo("row_label_log_prob is left out, because the batch has no labels\n");
    try (TensorFile result = TensorFiles.open(output)) {
      assertThat(result.tensors().keySet()).containsExactlyInAnyOrder("gradient", "row_soft", "row_hard",
          "row_student_entropy", "row_teacher_entropy");
    }
  }

  @Test
  void theGradientIsAddedToTheOneOfTheBatch() throws IOException {
    json("--output", output.toString());
    float[] plain = values("gradient");
    write(floats("student", STUDENT, 1, 3), floats("teacher", TEACHER, 1, 3),
        floats("gradient", new float[] {4, -8, 0}, 1, 3));
    json("--accumulate", "--output", output.toString());
    float[] sum = values("gradient");
    assertThat(sum[0]).isCloseTo(4 + plain[0], within(1e-6f));
    assertThat(sum[1]).isCloseTo(-8 + plain[1], within(1e-6f));
    assertThat(sum[2]).isEqualTo(plain[2]);
    json("--output", output.toString());
    assertThat(values("gradient")).containsExactly(plain);
  }

  @Test
  void aGradientThatIsAddedToKeepsItsType() throws IOException {
    short[] half = {Float.floatToFloat16(1), Float.floatToFloat16(2), Float.floatToFloat16(0)};
    write(new Tensor("student", DType.F16, List.of(1L, 3L), MemorySegment.ofArray(half)),
        floats("teacher", TEACHER, 1, 3), floats("gradient", new float[3], 1, 3));
    json("--accumulate", "--output", output.toString());
    try (TensorFile result = TensorFiles.open(output)) {
      assertThat(result.tensor("gradient").describe()).isEqualTo("[1, 3] F32");
    }
  }

  @Test
  void theTemperatureGradientIsInTheDocumentOnRequest() throws IOException {
    double step = 1e-4;
    double above = json("--temperature", Double.toString(2 + step)).get("total").doubleValue();
    double below = json("--temperature", Double.toString(2 - step)).get("total").doubleValue();
    JsonNode json = json("--temperature", "2", "--temperature-gradient");
    assertThat(json.get("temperatureGradient").doubleValue()).isCloseTo((above - below) / (2 * step), within(1e-8));
    assertThat(json("--temperature", "2").has("temperatureGradient")).isFalse();
    assertThat(text("--temperature", "2", "--temperature-gradient")).contains("\ndL/dT -0.0");
  }

  private double hard(String... options) throws IOException {
    List<String> call = new ArrayList<>(List.of("--soft-weight", "0", "--hard-weight", "1"));
    call.addAll(List.of(options));
    return json(call.toArray(String[]::new)).get("hard").doubleValue();
  }

  private JsonNode json(String... options) {
    List<String> call = new ArrayList<>(List.of("--json"));
    call.addAll(List.of(options));
    return Json.object(run(call.toArray(String[]::new)).out()).orElseThrow();
  }

  private String text(String... options) {
    return run(options).out();
  }

  private Captured run(String... options) {
    List<String> call = new ArrayList<>(List.of("loss", "--device", "reference", "--input", input.toString()));
    call.addAll(List.of(options));
    Captured run = Captured.run(call.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    return run;
  }

  private void write(Tensor... tensors) throws IOException {
    SafetensorsWriter.write(input, List.of(tensors));
  }

  private float[] values(String name) throws IOException {
    try (TensorFile result = TensorFiles.open(output)) {
      return result.tensor(name).data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }
  }

  private static double[] softmax(float[] x) {
    double sum = 0;
    double[] e = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      e[i] = Math.exp(x[i]);
      sum += e[i];
    }
    for (int i = 0; i < x.length; i++) {
      e[i] /= sum;
    }
    return e;
  }

  private static float[] twice(float[] row) {
    return new float[] {row[0], row[1], row[2], row[0], row[1], row[2]};
  }
}
