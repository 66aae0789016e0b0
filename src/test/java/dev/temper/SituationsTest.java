package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.io.SafetensorsFile;
import dev.temper.io.Tensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares small batches, for which other libraries gave wrong results, with values that were computed in 60 digits.
 * The file holds inputs and gradients as {@code SITUATION/TENSOR}.
 */
class SituationsTest {

  private static final Path FILE = Path.of("src/test/resources/dev/temper/situations.safetensors");

  /** Error bound of a gradient element. The gradients of the file are rounded to f32. */
  private static final double GRADIENT_BOUND = 1e-7;

  /** A loss, the batch of its inputs, and its expected totals. */
  private record Situation(DistillationLoss.Builder loss, String batch, double soft, double hard) {}

  private static final Map<String, Situation> SITUATIONS = new LinkedHashMap<>();

  static {
    put("jsd-apart-0.9", loss().divergence(Divergence.jensenShannon(0.9)), "jsd-apart", 0.3250829733914482, 0);
    put("jsd-beta-0.000001", loss().divergence(Divergence.jensenShannon(1e-6)), "jsd-beta", 5.822291846924308e-07, 0);
    put("jsd-beta-0.0001", loss().divergence(Divergence.jensenShannon(1e-4)), "jsd-beta", 5.821570768807382e-05, 0);
    put("label-missing", loss().temperature(2).hardWeight(1).ignoreScope(IgnoreScope.HARD), "three-rows",
        6.500617083212336, 5.339859777014326);
    put("label-smoothing", loss().softWeight(0).hardWeight(1).labelSmoothing(0.1), "three-rows", 0,
        6.230259430824951);
    put("negative-row-weight", loss().temperature(2).hardWeight(0.5), "three-rows", 2.118023264682025,
        3.5142810907902584);
    put("reverse-kl", loss().divergence(Divergence.reverseKl()).temperature(2), "three-rows", 6.77799915431587, 0);
    put("soft-cross-entropy", loss().softValue(SoftValue.CROSS_ENTROPY), "three-rows", 5.166866029274775, 0);
    put("softcap", loss().softWeight(0).hardWeight(1).softcap(3), "three-rows", 0, 3.8128592782666355);
  }

  private static SafetensorsFile file;

  @BeforeAll
  static void open() throws IOException {
    file = SafetensorsFile.open(FILE);
  }

  @AfterAll
  static void close() {
    file.close();
  }

  static Set<String> names() {
    return SITUATIONS.keySet();
  }

  @ParameterizedTest
  @MethodSource("names")
  void totalsAndGradientAreRight(String name) {
    Situation situation = Objects.requireNonNull(SITUATIONS.get(name));
    HostMatrix student = matrix(situation.batch() + "/student");
    float[] gradient = new float[(int) student.rows() * student.classes()];
    LossTotals totals = compute(situation.loss().build(), inputs(name, situation.batch()), gradient);
    assertThat(totals.soft()).isCloseTo(situation.soft(), within(1e-12 * situation.soft()));
    assertThat(totals.hard()).isCloseTo(situation.hard(), within(1e-12 * situation.hard()));
    assertThat(totals.total()).isEqualTo(totals.soft() + totals.hard());
    assertThat(totals.countedRows()).isEqualTo(student.rows());
    float[] expected = floats(name + "/gradient");
    double largest = 0;
    for (float each : expected) {
      largest = Math.max(largest, Math.abs(each));
    }
    for (int i = 0; i < gradient.length; i++) {
      assertThat((double) gradient[i]).as("element %d", i)
          .isCloseTo(expected[i], within(GRADIENT_BOUND * largest));
    }
  }

  @Test
  void aReverseKlWhoseTeacherLacksAClassIsInfiniteWithTheLimitOfItsGradient() {
    HostMatrix student = matrix("teacher-absent/student");
    float[] gradient = new float[(int) student.rows() * student.classes()];
    LossInputs inputs = LossInputs.of(student).withTeacher(Teacher.logits(matrix("teacher-absent/teacher")));
    LossTotals totals = compute(loss().divergence(Divergence.reverseKl()).build(), inputs, gradient);
    assertThat(totals.total()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(totals.nonFiniteRows()).isEqualTo(1);
    for (int i = 0; i < gradient.length; i++) {
      if (i < student.classes()) { // The teacher lacks class 3 of row 0.
        assertThat(gradient[i]).isEqualTo(i == 3 ? Float.POSITIVE_INFINITY : Float.NEGATIVE_INFINITY);
      } else {
        assertThat(gradient[i]).isFinite();
      }
    }
  }

  @Test
  void temperaturesBeyondTheLimitsAreRefusedByName() {
    assertThatThrownBy(() -> loss().temperature(1e24).build()).hasMessageContaining("temperature is 1.0E24");
    LossInputs inputs = inputs("three-rows", "three-rows").withRowTemperatures(RowVector.temperatures(1, 2, 1e30f));
    assertThatThrownBy(() -> compute(loss().build(), inputs, new float[33]))
        .hasMessageContaining("row_temperatures: row 2 has temperature 1.0E30");
  }

  private static LossTotals compute(DistillationLoss loss, LossInputs inputs, float[] gradient) {
    try (LossEngine engine = LossEngine.open("reference")) {
      MatrixView like = inputs.student();
      HostMatrix target = HostMatrix.of(gradient, like.rows(), like.classes());
      return engine.forwardBackward(loss, inputs, LossOutputs.gradient(target)).totals();
    }
  }

  /** Returns the inputs of a situation. Its own tensors replace those of the batch. */
  private static LossInputs inputs(String name, String batch) {
    LossInputs inputs = LossInputs.of(matrix(batch + "/student"))
        .withTeacher(Teacher.logits(matrix(batch + "/teacher")));
    String labels = file.tensors().containsKey(name + "/labels") ? name : batch;
    if (file.tensors().containsKey(labels + "/labels")) {
      Tensor tensor = file.tensor(labels + "/labels");
      inputs = inputs.withLabels(RowVector.labels(tensor.data(), tensor.elements(), tensor.dtype()));
    }
    if (file.tensors().containsKey(name + "/row_weights")) {
      inputs = inputs.withRowWeights(RowVector.weights(floats(name + "/row_weights")));
    }
    return name.startsWith("jsd") ? inputs : inputs.withDenominator((double) inputs.student().rows());
  }

  private static HostMatrix matrix(String name) {
    Tensor tensor = file.tensor(name);
    return HostMatrix.of(tensor.data(), tensor.shape().get(0), (int) (long) tensor.shape().get(1), tensor.dtype());
  }

  private static float[] floats(String name) {
    return file.tensor(name).data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
  }

  private static DistillationLoss.Builder loss() {
    return DistillationLoss.builder();
  }

  private static void put(String name, DistillationLoss.Builder loss, String batch, double soft, double hard) {
    SITUATIONS.put(name, new Situation(loss, batch, soft, hard));
  }
}
