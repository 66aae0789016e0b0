package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.PreparedLoss;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests that thread groups with a prefetch give the bits of thread groups with one row each, in any order of rows. */
final class PrefetchTest extends EmulatorTest {

  /** Rows of different paths through the kernel, and rows that are not read. */
  private enum RowType { ORDINARY, EQUAL, WIDE, MASKED, NON_FINITE, IGNORED, WEIGHTLESS }

  private static final DistillationLoss LOSS = DistillationLoss.hinton(2, 0.7);

  @ParameterizedTest
  @CsvSource({
    // warps, blocks and clusters; rows with one alignment, and rows whose alignment repeats after four
    "1000, 120", "1001, 120", "3000, 40", "3001, 40", "20000, 7", "20001, 7"
  })
  void aPrefetchChangesNoBit(int classes, int rows) {
    Random random = new Random(classes);
    float[] student = new float[rows * classes];
    float[] teacher = new float[rows * classes];
    float[] weights = new float[rows];
    int[] labels = random.ints(rows, 0, classes).toArray();
    for (int row = 0; row < rows; row++) {
      RowType type = random.nextInt(3) > 0 ? RowType.ORDINARY
          : RowType.values()[random.nextInt(RowType.values().length)];
      fill(student, row * classes, classes, type, random);
      fill(teacher, row * classes, classes, RowType.ORDINARY, random);
      if (type == RowType.EQUAL) {
        System.arraycopy(student, row * classes, teacher, row * classes, classes);
      }
      labels[row] = type == RowType.IGNORED ? Math.toIntExact(LOSS.ignoreIndex()) : labels[row];
      weights[row] = type == RowType.WEIGHTLESS ? 0 : 1 + random.nextFloat();
    }
    LossInputs inputs = LossInputs.of(HostMatrix.of(student, rows, classes))
        .withTeacher(Teacher.logits(HostMatrix.of(teacher, rows, classes)))
        .withLabels(RowVector.labels(labels)).withRowWeights(RowVector.weights(weights));
    float[] prefetched = new float[rows * classes];
    float[] single = new float[rows * classes];
    String plan = engine().diagnostics().plans(LOSS, inputs, LossOutputs.none()).getFirst();
    assertThat(run(inputs, HostMatrix.of(prefetched, rows, classes), plan))
        .isEqualTo(run(inputs, HostMatrix.of(single, rows, classes), plan + "-no-prefetch"));
    assertThat(Arrays.mismatch(bits(prefetched), bits(single))).isEqualTo(-1);
  }

  private static void fill(float[] logits, int from, int classes, RowType type, Random random) {
    for (int i = from; i < from + classes; i++) {
      logits[i] = (float) random.nextGaussian() * (type == RowType.WIDE ? 200 : 3);
    }
    int some = from + random.nextInt(classes);
    logits[some] = switch (type) {
      case MASKED -> Float.NEGATIVE_INFINITY;
      case NON_FINITE -> Float.NaN;
      default -> logits[some];
    };
  }

  private LossTotals run(LossInputs inputs, HostMatrix gradient, String plan) {
    try (PreparedLoss prepared = engine().diagnostics().prepare(LOSS, inputs, LossOutputs.gradient(gradient), plan)) {
      prepared.launch();
      return prepared.totals();
    }
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
    return bits;
  }
}
