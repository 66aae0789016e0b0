package dev.temper;

import static dev.temper.ListBatch.ROWS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares teachers that are given by lists with the reference, on each device. */
class ListTeachersTest extends EachDevice {

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
      int k = Math.min(shape.classes(), 9);
      ListBatch lists = new ListBatch(shape.classes(), k, shape.dtype(), 7L + shape.classes());
      compare(lists, loss, lists.teacher(form.tail()), form + " " + option + " " + shape);
    }
  }

  @ParameterizedTest
  @MethodSource("forms")
  void aListMayHoldAllClassesAndUnusedSlots(Form form) {
    DistillationLoss loss = DistillationLoss.builder().divergence(form.divergence()).temperature(2).build();
    ListBatch all = new ListBatch(40, 40, DType.F32, 3);
    compare(all, loss, all.teacher(form.tail()), "all classes");
    ListBatch sparse = new ListBatch(300, 60, DType.F32, 3);
    for (int i = 0; i < sparse.ids.length; i += 3) {
      sparse.ids[i] = -1;
      sparse.logs[i] = Float.NaN;
    }
    Arrays.fill(sparse.ids, 60, 120, -1);
    compare(sparse, loss, sparse.teacher(form.tail()), "unused slots");
  }

  @ParameterizedTest
  @MethodSource("forms")
  void classesMayBeAbsentOnEitherSide(Form form) {
    DistillationLoss loss = DistillationLoss.builder().divergence(form.divergence()).temperature(2).build();
    ListBatch lists = new ListBatch(50, 8, DType.F32, 11);
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
    compare(lists, loss, lists.teacher(form.tail()), form.toString());
  }

  @Test
  void peakedRowsKeepTheirTail() {
    DistillationLoss loss = DistillationLoss.builder().temperature(1).build();
    ListBatch lists = new ListBatch(200, 4, DType.F32, 5);
    float[] tails = new float[ROWS];
    for (int row = 0; row < ROWS; row++) {
      lists.student[row * 200 + lists.ids[row * 4]] = 30 + row;
      float[] logs = {-1e-9f, -25, -27, -30};
      System.arraycopy(logs, 0, lists.logs, row * 4, 4);
      tails[row] = -22 - row;
    }
    for (String divergence : List.of("forward-kl", "reverse-kl", "jsd:0.3")) {
      compare(lists, loss.toBuilder().divergence(Divergence.parse(divergence)).build(),
          lists.teacher(Tail.BUCKET).withLogTail(RowVector.weights(tails)), divergence);
    }
  }

  /** Tests rows that no row storage holds, so that the kernels read them again. */
  @Test
  void aVocabularyMayBeLargerThanAnyRowStorage() {
    DistillationLoss loss = DistillationLoss.builder().temperature(2).hardWeight(0.5).build();
    ListBatch lists = new ListBatch(300_001, 64, DType.BF16, 29);
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
  void listsMayBeSampledOrAtAnotherTemperature() {
    DistillationLoss loss = DistillationLoss.builder().temperature(2).build();
    ListBatch lists = new ListBatch(70, 8, DType.BF16, 13);
    compare(lists, loss, lists.teacher(Tail.RENORMALISE_BOTH).atTemperature(1), "renormalise-both at 1");
    compare(lists, loss, lists.teacher(Tail.RENORMALISE_TEACHER).atTemperature(3), "renormalise-teacher at 3");
    compare(lists, loss.toBuilder().teacherTemperature(4).build(),
        lists.teacher(Tail.RENORMALISE_BOTH).atTemperature(1), "teacher temperature");
    float[] weights = new float[lists.logs.length];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = i % 5 == 0 ? 0 : (float) Math.exp(lists.logs[i]) * 3;
    }
    Teacher sampled = Teacher.sampled(IdMatrix.of(lists.ids, ROWS, 8), HostMatrix.of(weights, ROWS, 8));
    compare(lists, loss, sampled, "sampled");
  }

  @Test
  void rowsOfWeightZeroAndIgnoredRowsAreZero() {
    ListBatch lists = new ListBatch(64, 8, DType.F32, 17);
    lists.weights = new float[] {1, 0, 2, -1, 1, 1};
    lists.temperatures = new float[] {1, 2, 3, 2, 0.5f, 4};
    lists.labels[2] = -100;
    Arrays.fill(lists.ids, 8, 24, 999);
    for (Form form : forms()) {
      compare(lists, DistillationLoss.builder().divergence(form.divergence()).hardWeight(0.3).build(),
          lists.teacher(form.tail()), form.toString());
    }
  }

  private void compare(ListBatch lists, DistillationLoss loss, Teacher teacher, String name) {
    lists.compare(engine(), oracle(), loss, teacher, name);
  }
}
