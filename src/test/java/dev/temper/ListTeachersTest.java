package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares teachers that are given by lists with the reference, on each device. */
class ListTeachersTest extends EachDevice {

  private static final int ROWS = 6;

  private record Shape(int classes, DType dtype) {}

  /**
   * Returns the shapes of a batch. The emulator compiles a kernel for each shape, so it runs one shape for each option.
   */
  private List<Shape> shapes(String option) {
    List<Shape> compiled = List.of(new Shape(17, DType.BF16), new Shape(300, DType.F32), new Shape(40, DType.F16));
    if (device.equals("emulator")) {
      return List.of(compiled.get(OPTIONS.keySet().stream().sorted().toList().indexOf(option) % compiled.size()));
    }
    List<Shape> shapes = new ArrayList<>();
    for (int classes : new int[] {1, 5, 17, 64, 300, 2_500}) {
      for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
        shapes.add(new Shape(classes, dtype));
      }
    }
    return shapes;
  }

  record Form(Tail tail, Divergence divergence) {}

  static List<Form> forms() {
    List<Form> forms = new ArrayList<>();
    for (Tail tail : Tail.values()) {
      for (String divergence : List.of("forward-kl", "reverse-kl", "jsd:0.3")) {
        if (tail.allows(Divergence.parse(divergence))) {
          forms.add(new Form(tail, Divergence.parse(divergence)));
        }
      }
    }
    return forms;
  }

  private static final Map<String, UnaryOperator<DistillationLoss.Builder>> OPTIONS = Map.of(
      "soft alone", b -> b.temperature(2), "both parts at 1", b -> b.hardWeight(0.5),
      "both parts at 2", b -> b.temperature(2).hardWeight(0.5),
      "both parts at 3", b -> b.temperature(3).hardWeight(0.5),
      "smoothed", b -> b.temperature(4).hardWeight(0.5).labelSmoothing(0.1).zLoss(0.01),
      "capped", b -> b.temperature(1.5).hardWeight(0.25).softcap(6),
      "not scaled", b -> b.temperature(2).temperatureScaling(false),
      "soft cross-entropy", b -> b.temperature(2).softValue(SoftValue.CROSS_ENTROPY));

  static List<Arguments> cases() {
    List<Arguments> cases = new ArrayList<>();
    for (Form form : forms()) {
      for (String option : OPTIONS.keySet().stream().sorted().toList()) {
        if (!option.equals("soft cross-entropy") || form.divergence() instanceof Divergence.ForwardKl) {
          cases.add(Arguments.of(form, option));
        }
      }
    }
    return cases;
  }

  private static DistillationLoss.Builder builder(Form form) {
    return DistillationLoss.builder().divergence(form.divergence());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void everyFormIsThatOfTheReference(Form form, String option) {
    DistillationLoss loss = Objects.requireNonNull(OPTIONS.get(option)).apply(builder(form)).build();
    for (Shape shape : shapes(option)) {
      Lists lists = new Lists(shape.classes(), Math.min(shape.classes(), 9), shape.dtype(), 7L + shape.classes());
      lists.compare(loss, lists.teacher(form.tail()), form + " " + option + " " + shape);
    }
  }

  @ParameterizedTest
  @MethodSource("forms")
  void aListMayHoldAllClassesAndUnusedSlots(Form form) {
    DistillationLoss loss = DistillationLoss.builder().divergence(form.divergence()).temperature(2).build();
    Lists all = new Lists(40, 40, DType.F32, 3);
    all.compare(loss, all.teacher(form.tail()), "all classes");
    Lists sparse = new Lists(300, 60, DType.F32, 3);
    for (int i = 0; i < sparse.ids.length; i += 3) {
      sparse.ids[i] = -1;
      sparse.logs[i] = Float.NaN;
    }
    Arrays.fill(sparse.ids, 60, 120, -1);
    sparse.compare(loss, sparse.teacher(form.tail()), "unused slots");
  }

  @ParameterizedTest
  @MethodSource("forms")
  void classesMayBeAbsentOnEitherSide(Form form) {
    DistillationLoss loss = DistillationLoss.builder().divergence(form.divergence()).temperature(2).build();
    Lists lists = new Lists(50, 8, DType.F32, 11);
    lists.logs[0] = Float.NEGATIVE_INFINITY;
    lists.student[50 + lists.ids[8]] = Float.NEGATIVE_INFINITY;
    lists.logs[16] = Float.NEGATIVE_INFINITY;
    lists.student[100 + lists.ids[16]] = Float.NEGATIVE_INFINITY;
    for (int c = 0; c < 50; c++) {
      int wanted = c;
      boolean listed = IntStream.range(24, 32).anyMatch(i -> lists.ids[i] == wanted);
      lists.student[150 + c] = listed ? lists.student[150 + c] : Float.NEGATIVE_INFINITY;
    }
    lists.student[200 + 7] = Float.NaN;
    lists.compare(loss, lists.teacher(form.tail()), form.toString());
  }

  @Test
  void peakedRowsKeepTheirTail() {
    DistillationLoss loss = DistillationLoss.builder().temperature(1).build();
    Lists lists = new Lists(200, 4, DType.F32, 5);
    float[] tails = new float[ROWS];
    for (int row = 0; row < ROWS; row++) {
      lists.student[row * 200 + lists.ids[row * 4]] = 30 + row;
      float[] logs = {-1e-9f, -25, -27, -30};
      System.arraycopy(logs, 0, lists.logs, row * 4, 4);
      tails[row] = -22 - row;
    }
    for (String divergence : List.of("forward-kl", "reverse-kl", "jsd:0.3")) {
      lists.compare(loss.toBuilder().divergence(Divergence.parse(divergence)).build(),
          lists.teacher(Tail.BUCKET).withLogTail(RowVector.weights(tails)), divergence);
    }
  }

  /** Tests rows that no row storage holds, so that the kernels read them again. */
  @Test
  void aVocabularyMayBeLargerThanAnyRowStorage() {
    DistillationLoss loss = DistillationLoss.builder().temperature(2).hardWeight(0.5).build();
    Lists lists = new Lists(300_001, 64, DType.BF16, 29);
    TopKTeacher teacher = lists.teacher(Tail.BUCKET);
    float[] expected = lists.run(oracle(), loss, teacher, new EnumMap<>(RowOutput.class));
    float[] found = lists.run(engine(), loss, teacher, new EnumMap<>(RowOutput.class));
    double worst = 0;
    for (int i = 0; i < expected.length; i++) {
      worst = Math.max(worst, Math.abs((double) found[i] - expected[i]));
    }
    assertThat(worst).isLessThan(1e-6);
  }

  @Test
  void aMaskThatNoBlockHoldsIsRefused() {
    int classes = 2_000_000;
    LossInputs inputs = LossInputs.of(HostMatrix.of(new float[classes], 1, classes))
        .withTeacher(Teacher.topK(IdMatrix.of(new int[] {classes - 1}, 1, 1), HostMatrix.of(new float[] {-1}, 1, 1),
            Tail.BUCKET));
    DistillationLoss loss = DistillationLoss.builder().temperature(1).build();
    if (device.equals("emulator")) {
      assertThatThrownBy(() -> engine().forward(loss, inputs)).isInstanceOf(UnsupportedLossException.class)
          .hasMessageContainingAll("the mask of teacher lists of 2000000 classes", "shared memory", "the cpu device");
    } else {
      assertThat(engine().forward(loss, inputs).totals().soft()).isCloseTo(4.6796198, within(1e-5));
    }
  }

  @Test
  void listsMayBeSampledOrAtAnotherTemperature() {
    DistillationLoss loss = DistillationLoss.builder().temperature(2).build();
    Lists lists = new Lists(70, 8, DType.BF16, 13);
    lists.compare(loss, lists.teacher(Tail.RENORMALISE_BOTH).atTemperature(1), "renormalise-both at 1");
    lists.compare(loss, lists.teacher(Tail.RENORMALISE_TEACHER).atTemperature(3), "renormalise-teacher at 3");
    lists.compare(loss.toBuilder().teacherTemperature(4).build(),
        lists.teacher(Tail.RENORMALISE_BOTH).atTemperature(1), "teacher temperature");
    float[] weights = new float[lists.logs.length];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = i % 5 == 0 ? 0 : (float) Math.exp(lists.logs[i]) * 3;
    }
    Teacher sampled = Teacher.sampled(IdMatrix.of(lists.ids, ROWS, 8), HostMatrix.of(weights, ROWS, 8));
    lists.compare(loss, sampled, "sampled");
  }

  @Test
  void rowsOfWeightZeroAndIgnoredRowsAreZero() {
    Lists lists = new Lists(64, 8, DType.F32, 17);
    lists.weights = new float[] {1, 0, 2, -1, 1, 1};
    lists.temperatures = new float[] {1, 2, 3, 2, 0.5f, 4};
    lists.labels[2] = -100;
    Arrays.fill(lists.ids, 8, 24, 999);
    for (Form form : forms()) {
      lists.compare(DistillationLoss.builder().divergence(form.divergence()).hardWeight(0.3).build(),
          lists.teacher(form.tail()), form.toString());
    }
  }

  @Test
  void theFirstInvalidListIsNamedAndNothingIsWritten() {
    Lists lists = new Lists(64, 8, DType.F32, 19);
    lists.ids[3 * 8 + 5] = lists.ids[3 * 8 + 1];
    lists.ids[4 * 8] = 64;
    float[] gradient = Batch.filled(ROWS * 64);
    float[] before = gradient.clone();
    LossInputs inputs = lists.inputs(lists.teacher(Tail.BUCKET));
    LossOutputs outputs = LossOutputs.gradient(HostMatrix.of(gradient, ROWS, 64));
    LossInputs valid = new Lists(64, 8, DType.F32, 19).inputs(new Lists(64, 8, DType.F32, 19).teacher(Tail.BUCKET));
    computed(engine(), DistillationLoss.builder().build(), valid,
        LossOutputs.gradient(HostMatrix.of(new float[ROWS * 64], ROWS, 64)));
    assertThatThrownBy(() -> engine().forwardBackward(DistillationLoss.builder().build(), inputs, outputs).totals())
        .isInstanceOf(LossArgumentException.class)
        .hasMessageContainingAll("teacher_ids: row 3 has id " + lists.ids[25], "slots 1 and 5");
    assertThat(gradient).isEqualTo(before);
    lists.ids[3 * 8 + 5] = -1;
    assertThatThrownBy(() -> engine().forwardBackward(DistillationLoss.builder().build(), inputs, outputs).totals())
        .hasMessageContainingAll("teacher_ids: row 4, slot 0 has id 64", "0 to 63");
    lists.ids[4 * 8] = -1;
    lists.logs[5 * 8 + 2] = 0.5f;
    assertThatThrownBy(() -> engine().forwardBackward(DistillationLoss.builder().build(), inputs, outputs).totals())
        .hasMessageContainingAll("teacher_log_probs: row 5 has the mass");
    assertThat(gradient).isEqualTo(before);
  }

  @Test
  void savedStatisticsGiveTheGradientOfOneCall() {
    Lists lists = new Lists(90, 8, DType.F32, 23);
    DistillationLoss loss = DistillationLoss.builder().temperature(2).hardWeight(0.5).build();
    LossInputs inputs = lists.inputs(lists.teacher(Tail.BUCKET));
    float[] together = new float[ROWS * 90];
    computed(engine(), loss, inputs, LossOutputs.gradient(HostMatrix.of(together, ROWS, 90)));
    float[] apart = new float[ROWS * 90];
    try (RowStatistics statistics = engine().allocateStatistics(ROWS)) {
      engine().forward(loss, inputs, LossOutputs.none().withStatistics(statistics)).totals();
      engine().backward(loss, inputs, statistics, LossOutputs.gradient(HostMatrix.of(apart, ROWS, 90)));
    }
    assertThat(apart).isEqualTo(together);
  }

  private static LossTotals computed(LossEngine on, DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    try {
      return on.forwardBackward(loss, inputs, outputs).totals();
    } catch (UnsupportedLossException e) {
      assumeTrue(false, e.reason());
      throw e;
    }
  }

  /** A batch with lists. Its bounds are those of f32 arithmetic, or of the dtype of the gradient. */
  private final class Lists {
    final int classes;
    final int k;
    final DType dtype;
    final float[] student;
    final int[] ids;
    final float[] logs;
    final int[] labels = {0, 1, 2, 3, 0, 1};
    float[] weights = {1, 1, 1, 1, 1, 1};
    float[] temperatures = {};

    Lists(int classes, int k, DType dtype, long seed) {
      SplittableRandom random = new SplittableRandom(seed);
      this.classes = classes;
      this.k = k;
      this.dtype = dtype;
      student = new float[ROWS * classes];
      ids = new int[ROWS * k];
      logs = new float[ROWS * k];
      for (int row = 0; row < ROWS; row++) {
        int[] order = IntStream.range(0, classes).toArray();
        double[] p = new double[classes];
        double sum = 0;
        for (int c = 0; c < classes; c++) {
          student[row * classes + c] = rounded(random.nextGaussian() * 3);
          int other = c + random.nextInt(classes - c);
          int moved = order[c];
          order[c] = order[other];
          order[other] = moved;
          p[c] = Math.exp(random.nextGaussian() * 3);
          sum += p[c];
        }
        for (int slot = 0; slot < k; slot++) {
          ids[row * k + slot] = order[slot];
          logs[row * k + slot] = rounded(Math.log(p[order[slot]] / sum));
        }
        labels[row] = Math.min(labels[row], classes - 1);
      }
    }

    private float rounded(double value) {
      return dtype == DType.F32 ? (float) value : dtype.widen(dtype.narrow((float) value));
    }

    private HostMatrix matrix(float[] values, int width) {
      if (dtype == DType.F32) {
        return HostMatrix.of(values, ROWS, width);
      }
      short[] bits = new short[values.length];
      for (int i = 0; i < bits.length; i++) {
        bits[i] = dtype.narrow(values[i]);
      }
      return HostMatrix.of(bits, ROWS, width, dtype);
    }

    TopKTeacher teacher(Tail tail) {
      return Teacher.topK(IdMatrix.of(ids, ROWS, k), matrix(logs, k), tail);
    }

    LossInputs inputs(Teacher teacher) {
      return LossInputs.of(matrix(student, classes)).withTeacher(teacher).withLabels(RowVector.labels(labels))
          .withRowWeights(RowVector.weights(weights))
          .withRowTemperatures(temperatures.length == 0 ? null : RowVector.temperatures(temperatures));
    }

    void compare(DistillationLoss loss, Teacher teacher, String name) {
      Map<RowOutput, float[]> expected = new EnumMap<>(RowOutput.class);
      Map<RowOutput, float[]> found = new EnumMap<>(RowOutput.class);
      float[] expectedGradient = run(oracle(), loss, teacher, expected);
      float[] gradient = run(engine(), loss, teacher, found);
      for (RowOutput output : expected.keySet()) {
        float[] values = Objects.requireNonNull(found.get(output));
        float[] wanted = Objects.requireNonNull(expected.get(output));
        for (int row = 0; row < ROWS; row++) {
          same(values[row], wanted[row], 2e-5, name + " " + output + " of row " + row);
        }
      }
      for (int row = 0; row < ROWS; row++) {
        double largest = 1e-3;
        for (int c = 0; c < classes; c++) {
          float value = Math.abs(expectedGradient[row * classes + c]);
          largest = Float.isFinite(value) ? Math.max(largest, value) : largest;
        }
        for (int c = 0; c < classes; c++) {
          int i = row * classes + c;
          same(gradient[i], expectedGradient[i], 1e-5 * largest, name + " gradient " + row + ", " + c);
        }
      }
    }

    private void same(float value, float expected, double bound, String name) {
      if (Float.isFinite(expected)) {
        double size = Math.max(1, Math.abs(expected));
        assertThat((double) value).as(name).isCloseTo(expected, within(bound * size));
      } else {
        assertThat(Float.compare(value, expected)).as(name + " is " + value).isZero();
      }
    }

    private float[] run(LossEngine on, DistillationLoss loss, Teacher teacher, Map<RowOutput, float[]> rows) {
      float[] gradient = new float[ROWS * classes];
      LossOutputs outputs = LossOutputs.gradient(
          HostMatrix.of(MemorySegment.ofArray(gradient), ROWS, classes, DType.F32));
      for (RowOutput output : RowOutput.values()) {
        if (output != RowOutput.UNMAPPED_MASS) {
          rows.put(output, new float[ROWS]);
          outputs = outputs.withRow(output, RowVector.losses(rows.get(output)));
        }
      }
      LossTotals totals = computed(on, loss, inputs(teacher), outputs);
      assertThat(totals.countedRows()).isEqualTo(Arrays.stream(labels).filter(label -> label >= 0).count());
      return gradient;
    }
  }
}
