package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares the lists that an engine computes from logits with a sort in f64. */
class TopKListsTest {

  @ParameterizedTest
  @CsvSource({"reference, 40, 7, F32", "cpu, 1, 1, F32", "cpu, 40, 7, F32", "cpu, 300, 256, BF16", "cpu, 2500, 64, F16",
      "cpu, 5000, 64, F32", "cpu, 64, 64, BF16", "emulator, 1, 1, F32", "emulator, 40, 7, F32",
      "emulator, 300, 256, BF16", "emulator, 2501, 64, F16", "emulator, 12005, 256, F32", "emulator, 20003, 64, BF16",
      "emulator, 64, 64, BF16"})
  void theyAreTheMostProbableClasses(String device, int classes, int k, DType dtype) {
    double temperature = 1.5;
    int rows = 4;
    SplittableRandom random = new SplittableRandom(classes);
    float[] logits = new float[rows * classes];
    for (int i = 0; i < logits.length; i++) {
      float value = (float) random.nextGaussian() * 4;
      logits[i] = dtype == DType.F32 ? value : dtype.widen(dtype.narrow(value));
      logits[i] = random.nextInt(10) == 0 ? Float.NEGATIVE_INFINITY : logits[i];
    }
    logits[0] = 5;
    try (LossEngine engine = LossEngine.open(device)) {
      TopKLists lists = engine.topK(matrix(logits, rows, classes, dtype), k, temperature);
      for (int row = 0; row < rows; row++) {
        int from = row * classes;
        List<Integer> order = new ArrayList<>(IntStream.range(0, classes)
            .filter(c -> logits[from + c] != Float.NEGATIVE_INFINITY).boxed().toList());
        order.sort(Comparator.comparingDouble((Integer c) -> -logits[from + c]));
        double sum = order.stream().mapToDouble(c -> Math.exp(logits[from + c] / temperature)).sum();
        double mass = 0;
        for (int slot = 0; slot < k; slot++) {
          boolean used = slot < order.size();
          assertThat(id(lists, row * k + slot)).isEqualTo(used ? order.get(slot) : -1);
          double log = used ? logits[from + order.get(slot)] / temperature - Math.log(sum) : Double.NEGATIVE_INFINITY;
          assertClose(log(lists, row * k + slot), log, 2e-6 * (1 + Math.abs(log)));
          mass += Math.exp(log);
        }
        double rest = order.stream().skip(k).mapToDouble(c -> Math.exp(logits[from + c] / temperature)).sum();
        assertClose(value(lists.logSumExp(), row), Math.log(sum), 4e-6);
        assertClose(value(lists.mass(), row), mass, 2e-6);
        assertClose(value(lists.logTail(), row), Math.log(rest / sum), 2e-6 * (1 + Math.abs(Math.log(rest / sum))));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu", "emulator"})
  void equalLogitsGiveTheLowerClassFirst(String device) {
    float[] logits = new float[2_000];
    logits[1_500] = 1;
    try (LossEngine engine = LossEngine.open(device)) {
      TopKLists lists = engine.topK(HostMatrix.of(logits, 1, 2_000), 5, 1);
      assertThat(IntStream.range(0, 5).map(slot -> id(lists, slot))).containsExactly(1_500, 0, 1, 2, 3);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu", "emulator"})
  void aPeakedRowKeepsTheLogarithmOfItsTail(String device) {
    float[] logits = {0, 100, 1, 0};
    try (LossEngine engine = LossEngine.open(device)) {
      TopKLists lists = engine.topK(HostMatrix.of(logits, 1, 4), 1, 1);
      assertThat(value(lists.mass(), 0)).isEqualTo(1);
      assertClose(value(lists.logTail(), 0), Math.log(2 + Math.E) - 100, 2e-5);
    }
  }

  /** Tests small classes that are each below half a unit in the last place of 1, but not together. */
  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu", "emulator"})
  void manySmallClassesCountBesideALargeOne(String device) {
    float[] logits = new float[300];
    Arrays.fill(logits, -17.5f);
    logits[7] = 0;
    try (LossEngine engine = LossEngine.open(device)) {
      TopKLists lists = engine.topK(HostMatrix.of(logits, 1, 300), 256, 1);
      double sum = 1 + 299 * Math.exp(-17.5);
      assertClose(log(lists, 0), -Math.log(sum), 4 * 0x1p-24);
      double mass = IntStream.range(0, 256).mapToDouble(slot -> Math.exp(log(lists, slot))).sum();
      assertClose(mass + Math.exp(value(lists.logTail(), 0)), 1, 8 * 0x1p-24);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu", "emulator"})
  void aRowWithoutASoftmaxIsRefusedWhereItIsUsed(String device) {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[] logits = bad < 0 ? new float[] {0, 1, 2, bad, bad, bad} : new float[] {0, 1, 2, 0, bad, 1};
      try (LossEngine engine = LossEngine.open(device)) {
        TopKLists lists = engine.topK(HostMatrix.of(logits, 2, 3), 2, 1);
        assertThat(value(lists.logSumExp(), 1)).isNaN();
        LossInputs inputs = LossInputs.of(HostMatrix.of(new float[6], 2, 3)).withTeacher(lists.teacher(Tail.BUCKET));
        assertThatThrownBy(() -> engine.forward(DistillationLoss.builder().build(), inputs).totals())
            .hasMessageContaining("teacher_log_probs: row 1, slot 0 has NaN");
      }
    }
  }

  /** Tests ascending logits, which make every class a candidate, and ties, which fill the whole list. */
  @ParameterizedTest
  @CsvSource({"cpu, ascending", "cpu, equal", "cpu, two", "emulator, ascending", "emulator, equal", "emulator, two"})
  void hardOrdersGiveTheListsOfTheReference(String device, String order) {
    int classes = 9_001;
    float[] logits = new float[classes];
    for (int i = 0; i < classes; i++) {
      logits[i] = switch (order) {
        case "ascending" -> i * 1e-3f;
        case "equal" -> i % 2 == 0 ? 0f : -0f;
        default -> i % 3 == 0 ? 2 : -2;
      };
    }
    HostMatrix matrix = HostMatrix.of(logits, 1, classes);
    try (LossEngine engine = LossEngine.open(device); LossEngine reference = LossEngine.open("reference")) {
      TopKLists found = engine.topK(matrix, 200, 0.7);
      TopKLists expected = reference.topK(matrix, 200, 0.7);
      for (int slot = 0; slot < 200; slot++) {
        assertThat(id(found, slot)).isEqualTo(id(expected, slot));
        assertClose(log(found, slot), log(expected, slot), 1e-5);
      }
      assertClose(value(found.logTail(), 0), value(expected.logTail(), 0), 1e-5);
      assertClose(value(found.logSumExp(), 0), value(expected.logSumExp(), 0), 1e-5);
      assertClose(value(found.mass(), 0), value(expected.mass(), 0), 1e-6);
    }
  }

  /** Tests rows with gaps and padding of NaN, at any alignment. */
  @ParameterizedTest
  @CsvSource({"cpu, 1", "cpu, 3", "emulator, 1", "emulator, 2", "emulator, 3"})
  void paddingIsNotReadAndBitsRepeat(String device, int shift) {
    int rows = 5;
    int classes = 1_031;
    int stride = 1_037;
    SplittableRandom random = new SplittableRandom(shift);
    float[] memory = new float[shift + rows * stride];
    for (int i = 0; i < memory.length; i++) {
      int column = (i - shift) % stride;
      memory[i] = i < shift || column >= classes ? Float.NaN : (float) random.nextGaussian() * 3;
    }
    MemorySegment from = MemorySegment.ofArray(memory).asSlice(shift * 4L);
    HostMatrix logits = new HostMatrix(from, rows, classes, stride, DType.F32);
    try (LossEngine engine = LossEngine.open(device); LossEngine reference = LossEngine.open("reference")) {
      TopKLists found = engine.topK(logits, 33, 2);
      TopKLists again = engine.topK(logits, 33, 2);
      TopKLists expected = reference.topK(logits, 33, 2);
      for (int i = 0; i < rows * 33; i++) {
        assertThat(id(found, i)).isEqualTo(id(expected, i));
        assertClose(log(found, i), log(expected, i), 4e-6);
        assertThat(log(again, i)).isEqualTo(log(found, i));
      }
      for (int row = 0; row < rows; row++) {
        assertClose(value(found.logTail(), row), value(expected.logTail(), row), 4e-6);
        assertThat(value(again.logTail(), row)).isEqualTo(value(found.logTail(), row));
      }
    }
  }

  @Test
  void listsInDeviceMemoryAreThoseInHostMemory() {
    int classes = 500;
    float[] logits = new float[2 * classes];
    SplittableRandom random = new SplittableRandom(9);
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) random.nextGaussian();
    }
    try (LossEngine engine = LossEngine.open("emulator"); DeviceBuffer teacher = engine.allocate(4L * logits.length);
        DeviceBuffer ids = engine.allocate(2 * 8 * 4); DeviceBuffer logs = engine.allocate(2 * 8 * 4);
        DeviceBuffer rows = engine.allocate(3 * 2 * 4)) {
      teacher.upload(MemorySegment.ofArray(logits));
      MatrixView onDevice = new DeviceMatrix(teacher.address(), 2, classes, classes, DType.F32);
      TopKLists into = new TopKLists(IdMatrix.at(ids.address(), 2, 8),
          new DeviceMatrix(logs.address(), 2, 8, 8, DType.F32), RowVector.weightsAt(rows.address(), 2),
          RowVector.weightsAt(rows.address() + 8, 2), RowVector.weightsAt(rows.address() + 16, 2), classes, 2);
      engine.topK(onDevice, into);
      TopKLists host = engine.topK(onDevice, 8, 2);
      int[] found = new int[16];
      ids.download(MemorySegment.ofArray(found));
      assertThat(IntStream.range(0, 16).map(i -> id(host, i)).toArray()).isEqualTo(found);
      LossInputs inputs = LossInputs.of(onDevice).withTeacher(into.teacher(Tail.BUCKET));
      double total = engine.forward(DistillationLoss.builder().temperature(2).build(), inputs).totals().total();
      // Log-probabilities down to -8 are rounded to f32, and T^2 is 4.
      assertThat(total).as("a teacher that is the student").isCloseTo(0, within(4 * 8 * 0x1p-24));
      assertThatThrownBy(() -> engine.topK(new DeviceMatrix(teacher.address(), 2, 400, classes, DType.F32), into))
          .hasMessageContainingAll("2 rows and 500 classes", "[2, 400]");
    }
  }

  @Test
  void outputsOfListsNeedMemoryOfTheirOwn() {
    float[] shared = new float[2];
    TopKLists lists = new TopKLists(IdMatrix.of(new int[4], 2, 2), HostMatrix.of(new float[4], 2, 2),
        RowVector.weights(new float[2]), RowVector.weights(shared), RowVector.weights(shared), 3, 1);
    try (LossEngine engine = LossEngine.open("cpu")) {
      assertThatThrownBy(() -> engine.topK(HostMatrix.of(new float[6], 2, 3), lists))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("teacher_log_tail overlaps teacher_mass in memory, expected them apart;"
              + " give it memory of its own");
    }
    assertThat(shared).containsOnly(0);
  }

  @Test
  void aListHasNoMoreSlotsThanClasses() {
    try (LossEngine engine = LossEngine.open("reference")) {
      assertThatThrownBy(() -> engine.topK(HostMatrix.of(new float[6], 2, 3), 4, 1))
          .hasMessageContaining("k is 4, expected at most the 3 classes");
      assertThatThrownBy(() -> engine.topK(HostMatrix.of(new float[6], 2, 3), 300, 1))
          .hasMessage("k is 300, expected 1 to 256");
    }
  }

  private static HostMatrix matrix(float[] values, int rows, int classes, DType dtype) {
    if (dtype == DType.F32) {
      return HostMatrix.of(values, rows, classes);
    }
    short[] bits = new short[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = dtype.narrow(values[i]);
    }
    return HostMatrix.of(bits, rows, classes, dtype);
  }

  private static void assertClose(double found, double expected, double bound) {
    if (Double.isInfinite(expected)) {
      assertThat(found).isEqualTo(expected);
    } else {
      assertThat(found).isCloseTo(expected, within(bound));
    }
  }

  private static int id(TopKLists lists, int at) {
    return ((RowVector.Host) lists.ids().values()).segment()
        .getAtIndex(ValueLayout.JAVA_INT, at);
  }

  private static double log(TopKLists lists, int at) {
    return ((HostMatrix) lists.logProbabilities()).segment()
        .getAtIndex(ValueLayout.JAVA_FLOAT, at);
  }

  private static double value(RowVector vector, int row) {
    return ((RowVector.Host) vector).segment().getAtIndex(ValueLayout.JAVA_FLOAT, row);
  }
}
