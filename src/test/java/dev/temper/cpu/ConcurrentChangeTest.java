package dev.temper.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.EngineOptions;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Tests labels, weights, temperatures and row indices that another thread changes during calls. A call refuses the
 * batch or computes NaN for a changed row.
 *
 * <p>All other rows keep their bits, and no memory outside the tensors is used.
 */
final class ConcurrentChangeTest {

  enum Value { LABEL, WEIGHT, TEMPERATURE, INDEX }

  private static final DistillationLoss LOSS = DistillationLoss.hinton(3, 0.7);
  private static final int ROWS = 64;
  private static final long GUARD_BYTES = 1 << 16;
  /** The guard is far from every logit, so that a loss that reads the guard has other bits. */
  private static final float GUARD = 1e30f;
  private static final long SHORTEST_NANOSECONDS = 500_000_000L;
  private static final long LONGEST_NANOSECONDS = 60_000_000_000L;

  @ParameterizedTest
  @CsvSource({"cpu, LABEL, I64, 10", "cpu, LABEL, I64, 100", "cpu, LABEL, I64, 3000", "cpu, LABEL, I32, 10",
      "cpu, LABEL, I32, 3000", "cpu, WEIGHT, F32, 10", "cpu, WEIGHT, F32, 100", "cpu, TEMPERATURE, F32, 10",
      "cpu, TEMPERATURE, F32, 100", "cpu, INDEX, I32, 100", "emulator, INDEX, I32, 100", "emulator, LABEL, I64, 10",
      "emulator, LABEL, I32, 3000", "emulator, WEIGHT, F32, 100", "emulator, TEMPERATURE, F32, 100"})
  void changedRowsAreRefusedOrNan(String device, Value changed, DType type, int classes) throws InterruptedException {
    Random random = new Random(classes);
    EngineOptions oneThread = EngineOptions.defaults().withThreads(1);
    try (Arena arena = Arena.ofShared(); LossEngine engine = LossEngine.open(device, oneThread)) {
      MemorySegment studentMemory = guarded(arena, classes);
      MemorySegment gradientMemory = guarded(arena, classes);
      HostMatrix student = inside(studentMemory, classes);
      for (int row = 0; row < ROWS; row++) {
        for (int c = 0; c < classes; c++) {
          StridedBatch.set(student, row, c, (float) random.nextGaussian());
        }
      }
      long[] labels = random.longs(ROWS, 0, classes).toArray();
      double[] valid = changed == Value.LABEL
          ? Arrays.stream(labels).asDoubleStream().toArray()
          : changed == Value.INDEX ? random.ints(ROWS, 0, ROWS).asDoubleStream().toArray()
          : random.doubles(ROWS, 1, 4).toArray();
      MemorySegment values = arena.allocate((long) ROWS * type.bytes(), 8);
      for (int row = 0; row < ROWS; row++) {
        set(values, type, row, valid[row]);
      }
      RowVector vector = switch (changed) {
        case LABEL, INDEX -> RowVector.labels(values, ROWS, type);
        case WEIGHT -> RowVector.weights(values, ROWS, type);
        case TEMPERATURE -> RowVector.temperatures(values, ROWS, type);
      };
      HostMatrix teacher = StridedBatch.matrix(arena, ROWS, classes, DType.F32, random::nextGaussian);
      LossInputs inputs = LossInputs.of(student)
          .withTeacher(changed == Value.INDEX ? Teacher.rowIndex(teacher, vector) : Teacher.logits(teacher))
          .withLabels(changed == Value.LABEL ? vector : RowVector.labels(labels));
      inputs = changed == Value.WEIGHT ? inputs.withRowWeights(vector) : inputs;
      inputs = changed == Value.TEMPERATURE ? inputs.withRowTemperatures(vector) : inputs;

      Outputs outputs = new Outputs(inside(gradientMemory, classes));
      outputs.compute(engine, inputs);
      float[][] expected = outputs.rows();
      AtomicBoolean done = new AtomicBoolean();
      double[] invalid = invalidValues(changed, type, classes);
      Thread changer = new Thread(() -> change(values, type, valid, invalid, done));
      changer.start();
      try {
        int refusals = 0;
        int callsWithNan = 0;
        long start = System.nanoTime();
        long spent = 0;
        while (spent < SHORTEST_NANOSECONDS || refusals == 0 || callsWithNan == 0) {
          assertThat(spent).as("%s refusals, %s calls with NaN", refusals, callsWithNan)
              .isLessThan(LONGEST_NANOSECONDS);
          try {
            LossTotals totals = outputs.compute(engine, inputs);
            long nanRows = requireExpectedOrNan(outputs.rows(), expected);
            // The totals kernel of the emulator loads each weight a second time. It also counts a row whose weight has
            // become invalid between both loads.
            assertThat(totals.nonFiniteRows()).isBetween(nanRows, device.equals("cpu") ? nanRows : ROWS);
            assertThat(Double.isNaN(totals.total())).isEqualTo(totals.nonFiniteRows() > 0);
            callsWithNan += nanRows > 0 ? 1 : 0;
          } catch (IllegalArgumentException e) {
            assertThat(e).hasMessageMatching("(?s).*row \\d+ has " + changed.name().toLowerCase(Locale.ROOT) + " .*");
            refusals++;
          }
          spent = System.nanoTime() - start;
        }
      } finally {
        done.set(true);
        changer.join();
      }
      requireIntactGuard(studentMemory);
      requireIntactGuard(gradientMemory);
    }
  }

  /** Holds gradient and row losses of a call. */
  private static final class Outputs {
    private final HostMatrix gradient;
    private final float[] soft = new float[ROWS];
    private final float[] hard = new float[ROWS];

    Outputs(HostMatrix gradient) {
      this.gradient = gradient;
    }

    LossTotals compute(LossEngine engine, LossInputs inputs) {
      return engine.forwardBackward(LOSS, inputs,
          LossOutputs.gradient(gradient).withRowSoft(RowVector.losses(soft)).withRowHard(RowVector.losses(hard)))
          .totals();
    }

    /** Returns the gradient of each row, followed by both losses of the row. */
    float[][] rows() {
      float[][] rows = new float[ROWS][];
      for (int row = 0; row < ROWS; row++) {
        float[] values = Arrays.copyOf(StridedBatch.row(gradient, row), gradient.classes() + 2);
        values[gradient.classes()] = soft[row];
        values[gradient.classes() + 1] = hard[row];
        rows[row] = values;
      }
      return rows;
    }
  }

  /** Returns the number of rows that are NaN, after checking that the others have the expected bits. */
  private static int requireExpectedOrNan(float[][] actual, float[][] expected) {
    int nanRows = 0;
    for (int row = 0; row < ROWS; row++) {
      if (!Arrays.equals(actual[row], expected[row])) {
        assertThat(actual[row]).as("row %s, neither expected nor NaN", row).containsOnly(Float.NaN);
        nanRows++;
      }
    }
    return nanRows;
  }

  private static double[] invalidValues(Value changed, DType type, int classes) {
    return switch (changed) {
      case WEIGHT -> new double[] {Double.NEGATIVE_INFINITY, Double.NaN, Double.POSITIVE_INFINITY};
      case TEMPERATURE -> new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY};
      case INDEX -> new double[] {-1, ROWS, 1 << 30, Integer.MAX_VALUE, Integer.MIN_VALUE};
      case LABEL -> type == DType.I32
          ? new double[] {-1, classes, classes + 3, 1 << 30, Integer.MAX_VALUE, Integer.MIN_VALUE}
          : new double[] {-1, classes, classes + 3, 1L << 32, -(1L << 40), 1L << 61, Long.MAX_VALUE, Long.MIN_VALUE};
    };
  }

  /** Makes each row in order invalid and valid again. The random delays are of about the length of a call. */
  private static void change(MemorySegment values, DType type, double[] valid, double[] invalid, AtomicBoolean done) {
    Random random = new Random(1);
    while (!done.get()) {
      int row = random.nextInt(ROWS);
      set(values, type, row, invalid[random.nextInt(invalid.length)]);
      spin(random.nextInt(40_000));
      set(values, type, row, valid[row]);
      spin(random.nextInt(80_000));
    }
  }

  private static void spin(long nanoseconds) {
    long end = System.nanoTime() + nanoseconds;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  private static void set(MemorySegment values, DType type, int row, double value) {
    switch (type) {
      case I64 -> values.setAtIndex(ValueLayout.JAVA_LONG, row, (long) value);
      case I32 -> values.setAtIndex(ValueLayout.JAVA_INT, row, (int) value);
      default -> values.setAtIndex(ValueLayout.JAVA_FLOAT, row, (float) value);
    }
  }

  private static MemorySegment guarded(Arena arena, int classes) {
    MemorySegment memory = arena.allocate(2 * GUARD_BYTES + (long) ROWS * classes * Float.BYTES, 64);
    for (long i = 0; i < memory.byteSize() / Float.BYTES; i++) {
      memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, GUARD);
    }
    return memory;
  }

  private static HostMatrix inside(MemorySegment guarded, int classes) {
    return HostMatrix.of(guarded.asSlice(GUARD_BYTES, (long) ROWS * classes * Float.BYTES), ROWS, classes, DType.F32);
  }

  private static void requireIntactGuard(MemorySegment guarded) {
    for (long at = 0; at < GUARD_BYTES; at += Float.BYTES) {
      assertThat(guarded.get(ValueLayout.JAVA_FLOAT, at)).isEqualTo(GUARD);
      assertThat(guarded.get(ValueLayout.JAVA_FLOAT, guarded.byteSize() - Float.BYTES - at)).isEqualTo(GUARD);
    }
  }
}
