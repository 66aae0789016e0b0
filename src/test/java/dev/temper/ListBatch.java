package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** A batch of random logits whose teacher is given by lists. Its bounds are those of f32 arithmetic. */
final class ListBatch {

  static final int ROWS = 6;

  final int classes;
  final int k;
  final DType dtype;
  final float[] student;
  final int[] ids;
  final float[] logs;
  final int[] labels = {0, 1, 2, 3, 0, 1};
  float[] weights = {1, 1, 1, 1, 1, 1};
  float[] temperatures = {};

  ListBatch(int classes, int k, DType dtype, long seed) {
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

  /** Compares row outputs and gradient of two engines. */
  void compare(LossEngine engine, LossEngine oracle, DistillationLoss loss, Teacher teacher, String name) {
    Map<RowOutput, float[]> expected = new EnumMap<>(RowOutput.class);
    Map<RowOutput, float[]> found = new EnumMap<>(RowOutput.class);
    float[] expectedGradient = run(oracle, loss, teacher, expected);
    float[] gradient = run(engine, loss, teacher, found);
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

  private static void same(float value, float expected, double bound, String name) {
    if (Float.isFinite(expected)) {
      double size = Math.max(1, Math.abs(expected));
      assertThat((double) value).as(name).isCloseTo(expected, within(bound * size));
    } else {
      assertThat(Float.compare(value, expected)).as(name + " is " + value).isZero();
    }
  }

  /** Returns the gradient, and writes the row outputs into {@code rows}. */
  float[] run(LossEngine on, DistillationLoss loss, Teacher teacher, Map<RowOutput, float[]> rows) {
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

  /** Computes a loss. The test is skipped if the engine refuses the loss. */
  static LossTotals computed(LossEngine on, DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    try {
      return on.forwardBackward(loss, inputs, outputs).totals();
    } catch (UnsupportedLossException e) {
      assumeTrue(false, e.reason());
      throw e;
    }
  }
}
