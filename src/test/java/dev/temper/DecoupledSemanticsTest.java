package dev.temper;

import static dev.temper.Outcome.assertNear;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the decoupled KL on every engine: label against rest, and the distribution within the rest. */
class DecoupledSemanticsTest extends EachDevice {

  private static final double BOUND = 4e-6;

  private static final DistillationLoss LOSS = DistillationLoss.builder().divergence(Divergence.dkd(1, 8))
      .temperature(2).hardWeight(0.5).reduction(Reduction.SUM).build();

  /** Rows of four classes with the label 1. Each row lacks classes, or its label is much likelier than the rest. */
  private static final List<float[][]> ROWS = List.of(
      rows(row(1, 2, 0, -1), row(2, 1, 0.5, 0)),
      rows(row(1, 90, 0, -1), row(2, 80, 0.5, 0)), // 1 - p is lost in p
      rows(row(1, 400, 0, -1), row(2, 1, 0.5, 0)), // the label's exponential relative to the rest overflows
      rows(row(1, 2, 0, -1), row(2, 900, 0.5, 0)),
      rows(row(1, -300, 0, -1), row(2, 1, 0.5, 0)),
      rows(row(1, ABSENT, 0, -1), row(2, ABSENT, 0.5, 0)),
      rows(row(1, 2, 0, -1), row(2, ABSENT, 0.5, 0)),
      rows(row(1, ABSENT, 0, -1), row(2, 1, 0.5, 0)),
      rows(row(ABSENT, 2, ABSENT, ABSENT), row(ABSENT, 1, ABSENT, ABSENT)),
      rows(row(1, 2, 0, -1), row(ABSENT, 1, ABSENT, ABSENT)),
      rows(row(ABSENT, -2, ABSENT, ABSENT), row(2, 1, 0.5, 0)),
      rows(row(ABSENT, 2, 0, -1), row(2, 1, 0.5, 0)),
      rows(row(1, 2, 0, -1), row(ABSENT, 1, 0.5, 0)),
      rows(row(ABSENT, ABSENT, ABSENT, ABSENT), row(2, 1, 0.5, 0)),
      rows(row(1, Float.NaN, 0, -1), row(2, 1, 0.5, 0)),
      rows(row(1, 2, 0, -1), row(2, Float.POSITIVE_INFINITY, 0.5, 0)),
      rows(row(1, 2, Float.NaN, -1), row(2, 1, 0.5, 0)),
      rows(row(10_001, 10_002, 10_000, 9_999), row(-9_998, -9_999, -9_999.5, -10_000)));

  private static float[][] rows(float[] student, float[] teacher) {
    return new float[][] {student, teacher};
  }

  private static Batch batch() {
    int[] labels = new int[ROWS.size()];
    Arrays.fill(labels, 1);
    return Batch.student(ROWS.stream().map(each -> each[0]).toArray(float[][]::new))
        .teacher(ROWS.stream().map(each -> each[1]).toArray(float[][]::new)).labels(labels);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1,8", "0,1", "0.5,0"})
  void absentClassesAndUnlikelyRestsAgreeWithTheReference(String weights) {
    DistillationLoss loss = LOSS.toBuilder().divergence(Divergence.parse("dkd:" + weights)).build();
    Outcome found = run(loss, batch());
    Outcome expected = batch().run(oracle(), loss);
    assertThat(found.totals().nonFiniteRows()).isEqualTo(expected.totals().nonFiniteRows());
    for (int row = 0; row < ROWS.size(); row++) {
      near("soft of row " + row, found.soft()[row], expected.soft()[row]);
      near("hard of row " + row, found.hard()[row], expected.hard()[row]);
      for (int i = 0; i < 4; i++) {
        near("gradient of row " + row + " class " + i, found.gradient()[row][i], expected.gradient()[row][i]);
      }
    }
  }

  private static void near(String what, double found, double expected) {
    assertNear(what, found, expected, BOUND * Math.max(1, Math.abs(expected)));
  }

  @Test
  void equalRowsGiveExactlyZero() {
    List<float[]> rows = new ArrayList<>();
    Random random = new Random(5);
    for (int row = 0; row < 6; row++) {
      float[] logits = logits(random, 1_003);
      if (row % 2 == 1) {
        Arrays.fill(logits, 3, 90, ABSENT);
      }
      logits[row] += row * 20;
      rows.add(logits);
    }
    float[][] both = rows.toArray(float[][]::new);
    DistillationLoss loss = LOSS.toBuilder().hardWeight(0).build();
    Outcome found = run(loss, Batch.student(both).teacher(both).labels(0, 1, 2, 700, 4, 1_002));
    assertThat(found.soft()).containsOnly(0);
    for (double[] gradient : found.gradient()) {
      assertThat(gradient).containsOnly(0);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 17, 1_003, 100_000})
  void nearlyEqualRowsKeepTheirDigits(int classes) {
    Random random = new Random(classes);
    float[][] teacher = {logits(random, classes), logits(random, classes), logits(random, classes)};
    teacher[1][1] += 9; // a label with almost all of the probability
    float[][] student = new float[3][classes];
    for (int row = 0; row < 3; row++) {
      for (int i = 0; i < classes; i++) {
        student[row][i] = (float) (teacher[row][i] + 1e-3 * random.nextGaussian());
      }
    }
    Batch batch = Batch.student(student).teacher(teacher).labels(0, 1, classes - 1);
    for (String weights : new String[] {"1,8", "1,0", "0,1"}) {
      DistillationLoss loss = LOSS.toBuilder().divergence(Divergence.parse("dkd:" + weights)).hardWeight(0).build();
      Outcome found = run(loss, batch);
      Outcome expected = batch.run(oracle(), loss);
      for (int row = 0; row < 3; row++) {
        String where = weights + " row " + row;
        assertNear("soft " + where, found.soft()[row], expected.soft()[row], 1e-5 * expected.soft()[row]);
        double largest = Arrays.stream(expected.gradient()[row]).map(Math::abs).max().orElseThrow();
        for (int i = 0; i < classes; i++) {
          assertNear("gradient " + where + " class " + i, found.gradient()[row][i], expected.gradient()[row][i],
              1e-5 * largest);
        }
      }
    }
  }

  /** Tests labels in the first, an inner, and the last of several blocks and vectors. */
  @ParameterizedTest
  @ValueSource(strings = {"F32", "BF16", "F16"})
  void theLabelIsLeftOutWhereverItStands(String dtype) {
    int[] labels = {0, 1, 15, 16, 17, 31, 32, 1_023, 1_024, 1_025, 2_047, 2_048, 2_500, 2_989, 2_990};
    Random random = new Random(7);
    float[][] student = new float[labels.length][];
    float[][] teacher = new float[labels.length][];
    for (int row = 0; row < labels.length; row++) {
      student[row] = logits(random, 2_991);
      teacher[row] = logits(random, 2_991);
      student[row][labels[row]] = row % 3 * 8;
    }
    Batch batch = Batch.student(student).teacher(teacher).labels(labels)
        .types(DType.valueOf(dtype), DType.F32);
    Outcome found = run(LOSS, batch);
    Outcome expected = batch.run(oracle(), LOSS);
    for (int row = 0; row < labels.length; row++) {
      near("soft of row " + row, found.soft()[row], expected.soft()[row]);
      near("hard of row " + row, found.hard()[row], expected.hard()[row]);
      for (int i = 0; i < 2_991; i++) {
        near("gradient of row " + row + " class " + i, found.gradient()[row][i], expected.gradient()[row][i]);
      }
    }
  }

  private static float[] logits(Random random, int classes) {
    float[] logits = new float[classes];
    for (int i = 0; i < classes; i++) {
      logits[i] = (float) (3 * random.nextGaussian());
    }
    return logits;
  }
}
