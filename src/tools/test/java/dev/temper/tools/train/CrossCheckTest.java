package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class CrossCheckTest {

  private static final int ROWS = 40;
  private static final int CLASSES = 100;
  private static final DistillationLoss LOSS = DistillationLoss.hinton(2, 0.7);

  private final Arena arena = Arena.ofAuto();
  private final SplittableRandom random = new SplittableRandom(1);
  private final Matrix gradient = Matrix.zeros(arena, ROWS, CLASSES);
  private final float[] rowSoft = new float[ROWS];

  @Test
  void anEngineIsWithinTheBound() {
    Differences found = check(() -> {});
    assertThat(found.hold()).isTrue();
    assertThat(found.checks()).isOne();
    assertThat(found.gradient()).isPositive();
  }

  @Test
  void aWrongGradientIsSeen() {
    Differences found = check(() -> gradient.set(16, 7, gradient.get(16, 7) + 1e-5f));
    assertThat(found.hold()).isFalse();
    assertThat(found.loss()).isLessThan(Differences.BOUND);
  }

  @Test
  void aWrongRowLossIsSeen() {
    Differences found = check(() -> rowSoft[32] *= 1.001f);
    assertThat(found.hold()).isFalse();
    assertThat(found.gradient()).isLessThan(Differences.BOUND);
  }

  @Test
  void notANumberIsSeenAndStays() {
    Differences found = check(() -> gradient.set(0, 0, Float.NaN));
    assertThat(found.hold()).isFalse();
    assertThat(found.and(new Differences(1, 0, 0)).hold()).isFalse();
  }

  /** Computes a batch with ignored rows, changes the outputs, and compares them. */
  private Differences check(Runnable spoil) {
    int[] labels = random.ints(ROWS, 0, CLASSES).toArray();
    labels[0] = Examples.NO_LABEL;
    labels[5] = Examples.NO_LABEL;
    LossInputs inputs = LossInputs.of(logits().view()).withTeacher(Teacher.logits(logits().view()))
        .withLabels(RowVector.labels(labels));
    LossOutputs outputs = LossOutputs.gradient(gradient.view())
        .withRowSoft(RowVector.losses(rowSoft))
        .withRowHard(RowVector.losses(new float[ROWS]));
    try (LossEngine engine = LossEngine.open("auto"); CrossCheck crossCheck = new CrossCheck()) {
      long counted = engine.forwardBackward(LOSS, inputs, outputs).totals().countedRows();
      spoil.run();
      crossCheck.check(LOSS, inputs, outputs, counted);
      return crossCheck.worst();
    }
  }

  private Matrix logits() {
    Matrix logits = Matrix.zeros(arena, ROWS, CLASSES);
    for (int row = 0; row < ROWS; row++) {
      for (int i = 0; i < CLASSES; i++) {
        logits.set(row, i, (float) (3 * random.nextGaussian()));
      }
    }
    return logits;
  }
}
