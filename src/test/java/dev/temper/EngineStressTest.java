package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * Shares one engine among ten threads while other threads open, use and close engines of their own. Every result must
 * have the bits of a serial run.
 *
 * <p>The test runs for a few seconds, and {@code -Dtemper.stress.seconds=60} extends it to a minute.
 */
final class EngineStressTest {

  private static final DistillationLoss LOSS = DistillationLoss.hinton(2, 0.7);

  /**
   * Holds one batch and its results. The class counts differ so that short rows, medium rows and rows of several blocks
   * are computed concurrently.
   */
  private static final class StressBatch {
    private final int rows;
    private final int classes;
    private final float[] student;
    private final float[] teacher;
    private final int[] labels;

    private StressBatch(int rows, int classes, float[] student, float[] teacher, int[] labels) {
      this.rows = rows;
      this.classes = classes;
      this.student = student;
      this.teacher = teacher;
      this.labels = labels;
    }

    static StressBatch random(int rows, int classes, long seed) {
      Random random = new Random(seed);
      float[] student = new float[rows * classes];
      float[] teacher = new float[rows * classes];
      for (int i = 0; i < student.length; i++) {
        student[i] = (float) (3 * random.nextGaussian());
        teacher[i] = (float) (3 * random.nextGaussian());
      }
      return new StressBatch(rows, classes, student, teacher, random.ints(rows, 0, classes).toArray());
    }

    /** Returns loss and gradient as bits. */
    long[] compute(LossEngine engine) {
      float[] gradient = new float[student.length];
      LossInputs inputs = LossInputs.of(HostMatrix.of(student, rows, classes))
          .withTeacher(Teacher.logits(HostMatrix.of(teacher, rows, classes))).withLabels(RowVector.labels(labels));
      LossTotals totals = engine.forwardBackward(LOSS, inputs,
          LossOutputs.gradient(HostMatrix.of(gradient, rows, classes))).totals();
      long[] bits = new long[gradient.length + 3];
      for (int i = 0; i < gradient.length; i++) {
        bits[i] = Float.floatToRawIntBits(gradient[i]);
      }
      bits[gradient.length] = Double.doubleToRawLongBits(totals.total());
      bits[gradient.length + 1] = Double.doubleToRawLongBits(totals.soft());
      bits[gradient.length + 2] = Double.doubleToRawLongBits(totals.hard());
      return bits;
    }
  }

  @Test
  void tenThreadsGetTheBitsOfASerialRun() throws Exception {
    long end = System.nanoTime() + Long.getLong("temper.stress.seconds", 5) * 1_000_000_000L;
    List<StressBatch> batches = List.of(
        StressBatch.random(300, 10, 1), StressBatch.random(64, 1000, 2),
        StressBatch.random(7, 5001, 3), StressBatch.random(2, 50257, 4));
    List<long[]> serial = new ArrayList<>();
    try (LossEngine engine = LossEngine.open("cpu", EngineOptions.defaults().withThreads(1))) {
      batches.forEach(batch -> serial.add(batch.compute(engine)));
    }
    List<Callable<Long>> work = new ArrayList<>();
    try (LossEngine shared = LossEngine.open("cpu"); ExecutorService threads = Executors.newCachedThreadPool()) {
      for (int i = 0; i < 10; i++) {
        int first = i;
        work.add(() -> {
          long calls = 0;
          for (int n = first; System.nanoTime() < end; n++, calls++) {
            requireSerialBits(batches, serial, n % batches.size(), shared);
          }
          return calls;
        });
      }
      for (int i = 1; i <= 3; i++) {
        EngineOptions options = EngineOptions.defaults().withThreads(i);
        work.add(() -> {
          long calls = 0;
          for (int n = 0; System.nanoTime() < end; n++, calls++) {
            try (LossEngine own = LossEngine.open("cpu", options)) {
              requireSerialBits(batches, serial, n % batches.size(), own);
            }
          }
          return calls;
        });
      }
      for (Future<Long> done : threads.invokeAll(work)) {
        assertThat(done.get()).isGreaterThan(1);
      }
    }
  }

  private static void requireSerialBits(List<StressBatch> batches, List<long[]> serial, int which, LossEngine engine) {
    if (!Arrays.equals(batches.get(which).compute(engine), serial.get(which))) {
      throw new AssertionError("batch of " + batches.get(which).classes + " classes differs from the serial run");
    }
  }
}
