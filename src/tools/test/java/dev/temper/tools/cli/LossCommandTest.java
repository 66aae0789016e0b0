package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.temper.DType;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFile;
import dev.temper.tools.files.NumpyBytes;
import dev.temper.io.SafetensorsWriter;
import dev.temper.tools.files.TensorFiles;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the results of {@code temper loss}. {@link LossRefusalsTest} tests its refusals. */
class LossCommandTest {

  private static final float[] STUDENT = {1, 2, 0};
  private static final float[] TEACHER = {2, 1, 0.5f};

  private static final double KL_AT_1 = 0.410667193509093;
  private static final double KL_AT_4 = 0.383443716947531;
  private static final double CROSS_ENTROPY = 1.40760596444438;

  @TempDir private Path folder;

  private Path input;
  private Path output;

  @BeforeEach
  void names() {
    input = folder.resolve("batch.safetensors");
    output = folder.resolve("result.safetensors");
  }

  @Test
  void computesTheGoldenExample() throws IOException {
    write(floats("student", STUDENT, 1, 3), floats("teacher", TEACHER, 1, 3), labels(new long[] {0}, 1));
    Map<String, @Nullable Object> json =
        json("--temperature", "4", "--soft-weight", "0.3", "--hard-weight", "0.7", "--output", output.toString());
    assertThat(json.keySet()).containsExactly(
        "total", "soft", "hard", "rows", "countedRows", "nonFiniteRows", "device", "milliseconds",
        "loss.divergence", "loss.temperature", "loss.teacherTemperature", "loss.temperatureScaling", "loss.softWeight",
        "loss.softValue", "loss.standardise", "loss.hardWeight", "loss.labelSmoothing", "loss.zLoss", "loss.softcap",
        "loss.teacherSoftcap", "loss.ignoreIndex", "loss.ignoreScope", "loss.numClasses", "loss.reduction",
        "loss.denominator", "loss.softDenominator", "loss.hardDenominator", "loss.gradientScale");
    assertThat(json).containsEntry("loss.divergence", "forward-kl").containsEntry("loss.temperature", 4.0)
        .containsEntry("loss.softWeight", 0.3).containsEntry("loss.softcap", null)
            .containsEntry("loss.reduction", "mean");
    // The totals are kept in f64, from inputs that f32 holds exactly.
    assertThat(number(json, "soft")).isCloseTo(0.3 * KL_AT_4, within(1e-13));
    assertThat(number(json, "hard")).isCloseTo(0.7 * CROSS_ENTROPY, within(1e-13));
    assertThat(number(json, "total")).isEqualTo(number(json, "soft") + number(json, "hard"));
    assertThat(json).containsEntry("rows", 1.0).containsEntry("countedRows", 1.0).containsEntry("nonFiniteRows", 0.0)
        .containsEntry("device", "reference");
    assertThat(values("row_soft")).containsExactly((float) KL_AT_4);
    assertThat(values("row_hard")).containsExactly((float) CROSS_ENTROPY);
  }

  @Test
  void restoresLeadingDimensionsAndScalesTheGradientAlone() throws IOException {
    write(floats("student", twice(STUDENT), 2, 1, 3), floats("teacher", twice(TEACHER), 2, 1, 3));
    Map<String, @Nullable Object> json =
        json("--temperature", "4", "--gradient-scale", "2", "--output", output.toString());
    assertThat(number(json, "total")).isCloseTo(KL_AT_4, within(1e-13));
    float[] gradient = values("gradient");
    double[] golden = {-0.316017435223, 0.413700330061, -0.0976828948383};
    for (int i = 0; i < 6; i++) {
      // Scale 2 over a mean of 2 rows is the golden row itself, rounded to f32.
      assertThat(gradient[i]).isEqualTo((float) golden[i % 3]);
    }
    try (TensorFile result = TensorFiles.open(output)) {
      assertThat(result.info("gradient").describe()).isEqualTo("[2, 1, 3] F32");
      assertThat(result.info("row_soft").describe()).isEqualTo("[2, 1] F32");
      assertThat(result.info("row_hard").describe()).isEqualTo("[2, 1] F32");
    }
  }

  @Test
  void readsNumpyArchivesWithOneDTypePerTensor() throws IOException {
    Path archive = folder.resolve("batch.npz");
    Files.write(archive, NumpyBytes.npz(true, Map.of(
        "student.npy", NumpyBytes.npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }",
            NumpyBytes.floats(STUDENT)),
        "teacher.npy", NumpyBytes.npy(1, "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 3), }",
            halves(TEACHER)))));
    Captured run = Captured.run("loss", "--device", "reference", "--input", archive.toString());
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).startsWith("loss  0.410667194  (mean)\n").contains("rows  1, counted 1, non-finite 0");
  }

  @Test
  void gradientHasTheStudentsDtypeUnlessF32IsGiven() throws IOException {
    write(new Tensor("student", DType.F16, List.of(1L, 3L), MemorySegment.ofArray(halves(STUDENT))),
        floats("teacher", TEACHER, 1, 3));
    json("--output", output.toString());
    try (TensorFile result = TensorFiles.open(output)) {
      assertThat(result.tensor("gradient").describe()).isEqualTo("[1, 3] F16");
    }
    json("--output", output.toString(), "--gradient-dtype", "f32");
    try (TensorFile result = TensorFiles.open(output)) {
      assertThat(result.tensor("gradient").describe()).isEqualTo("[1, 3] F32");
    }
  }

  @Test
  void noRowsAreNoError() throws IOException {
    write(floats("student", new float[0], 0, 3), floats("teacher", new float[0], 0, 3));
    Map<String, @Nullable Object> json = json("--output", output.toString());
    assertThat(json).containsEntry("total", 0.0).containsEntry("soft", 0.0).containsEntry("hard", 0.0)
        .containsEntry("rows", 0.0);
    assertThat(values("gradient")).isEmpty();
  }

  @Test
  void reductionNoneHasNoTotals() throws IOException {
    write(floats("student", twice(STUDENT), 2, 3), floats("teacher", twice(TEACHER), 2, 3));
    Map<String, @Nullable Object> json = json("--reduction", "none", "--output", output.toString());
    assertThat(json).containsEntry("total", null).containsEntry("soft", null).containsEntry("hard", null);
    assertThat(values("row_soft")).hasSize(2).containsOnly((float) KL_AT_1);
  }

  @Test
  void nonFiniteNumbersAreStringsInJson() throws IOException {
    float[] impossible = {1, Float.NEGATIVE_INFINITY, 0};
    write(floats("student", impossible, 1, 3), floats("teacher", TEACHER, 1, 3));
    assertThat(json()).containsEntry("total", "Infinity").containsEntry("nonFiniteRows", 1.0);
    write(floats("student", new float[] {1, Float.NaN, 0}, 1, 3), floats("teacher", TEACHER, 1, 3));
    assertThat(json()).containsEntry("total", "NaN").containsEntry("nonFiniteRows", 1.0);
  }

  @Test
  void differentWidthsNeedTheRealNumberOfClasses() throws IOException {
    write(floats("student", new float[] {1, 2, 0, 99}, 1, 4),
        floats("teacher", new float[] {2, 1, 0.5f, 7, Float.NaN}, 1, 5));
    Map<String, @Nullable Object> json = json("--num-classes", "3", "--output", output.toString());
    assertThat(number(json, "total")).isCloseTo(KL_AT_1, within(1e-13));
    assertThat(values("gradient")).hasSize(4).endsWith(0f);
  }

  @Test
  void weightsTemperaturesAndIgnoredRows() throws IOException {
    write(floats("student", twice(STUDENT), 2, 3), floats("teacher", twice(TEACHER), 2, 3),
        labels(new long[] {0, -1}, 2),
        floats("row_weights", new float[] {2, 1}, 2), floats("row_temperatures", new float[] {4, 1}, 2));
    Map<String, @Nullable Object> json =
        json("--hard-weight", "1", "--ignore-index", "-1", "--reduction", "batch-mean", "--output", output.toString());
    assertThat(json).containsEntry("countedRows", 1.0);
    assertThat(number(json, "soft")).isCloseTo(KL_AT_4, within(1e-13));
    assertThat(number(json, "hard")).isCloseTo(CROSS_ENTROPY, within(1e-13));
    assertThat(values("row_hard")).containsExactly((float) CROSS_ENTROPY, 0);
    assertThat(Arrays.copyOfRange(values("gradient"), 3, 6)).containsOnly(0);
  }

  @Test
  void theOtherOptionsReachTheLoss() throws IOException {
    write(floats("student", STUDENT, 1, 3), floats("teacher", TEACHER, 1, 3), labels(new long[] {0}, 1));
    assertThat(number(json("--temperature", "4", "--divergence", "reverse-kl"), "soft"))
        .isCloseTo(0.395115495755633, within(1e-13));
    assertThat(number(json("--temperature", "4", "--divergence", "jsd:0.5"), "soft"))
        .isCloseTo(0.0970563142126428, within(1e-13));
    assertThat(number(json("--temperature", "4", "--no-temperature-scaling"), "soft"))
        .isCloseTo(KL_AT_4 / 16, within(1e-14));
    assertThat(number(json("--denominator", "8"), "total")).isCloseTo(KL_AT_1 / 8, within(1e-14));
    assertThat(number(json("--soft-weight", "0", "--hard-weight", "1"), "total"))
        .isCloseTo(CROSS_ENTROPY, within(1e-13));
    // Smoothing takes e times (z_y - mean z) away from the golden value: the label's logit is the mean.
    assertThat(number(json("--soft-weight", "0", "--hard-weight", "1", "--label-smoothing", "0.3"), "total"))
        .isCloseTo(CROSS_ENTROPY, within(1e-13));
    assertThat(number(json("--softcap", "1e9"), "total")).isCloseTo(KL_AT_1, within(1e-12));
    assertThat(number(json("--teacher-temperature", "1"), "total")).isCloseTo(KL_AT_1, within(1e-13));
  }

  private void write(Tensor... tensors) throws IOException {
    SafetensorsWriter.write(input, List.of(tensors));
  }

  private Map<String, @Nullable Object> json(String... options) throws IOException {
    List<String> call = new ArrayList<>(List.of("loss", "--json", "--device", "reference", "--input",
        input.toString()));
    call.addAll(List.of(options));
    Captured run = Captured.run(call.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err()).isEmpty();
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    try (JsonParser parser = new JsonFactory().createParser(run.out())) {
      assertThat(parser.nextToken()).isEqualTo(JsonToken.START_OBJECT);
      read(parser, "", fields);
      assertThat(parser.nextToken()).isNull();
    }
    return fields;
  }

  /** The fields of an object, those of objects in it as {@code outer.inner}. */
  private static void read(JsonParser parser, String prefix, Map<String, @Nullable Object> fields) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = prefix + parser.currentName();
      JsonToken token = parser.nextToken();
      if (token == JsonToken.START_OBJECT) {
        read(parser, name + ".", fields);
      } else {
        fields.put(name, token.isNumeric() ? (Object) parser.getDoubleValue() : parser.getValueAsString());
      }
    }
  }

  private float[] values(String name) throws IOException {
    try (TensorFile result = TensorFiles.open(output)) {
      return result.tensor(name).data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }
  }

  private static double number(Map<String, @Nullable Object> json, String name) {
    return (Double) Objects.requireNonNull(json.get(name));
  }

  static Tensor floats(String name, float[] values, long... shape) {
    return new Tensor(name, DType.F32, Arrays.stream(shape).boxed().toList(), MemorySegment.ofArray(values));
  }

  static Tensor labels(long[] values, long... shape) {
    return new Tensor("labels", DType.I64, Arrays.stream(shape).boxed().toList(), MemorySegment.ofArray(values));
  }

  private static float[] twice(float[] row) {
    float[] rows = Arrays.copyOf(row, 2 * row.length);
    System.arraycopy(row, 0, rows, row.length, row.length);
    return rows;
  }

  private static byte[] halves(float[] values) {
    byte[] bytes = new byte[2 * values.length];
    for (int i = 0; i < values.length; i++) {
      short half = Float.floatToFloat16(values[i]);
      bytes[2 * i] = (byte) half;
      bytes[2 * i + 1] = (byte) (half >> 8);
    }
    return bytes;
  }
}
