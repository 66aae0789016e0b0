package dev.temper;

import static dev.temper.Outcome.assertNear;
import static dev.temper.Outcome.assertRow;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests edge values: absent classes, non-finite rows, equality, large logits, narrow types. */
class EdgeSemanticsTest extends EachDevice {

  private static final DistillationLoss BOTH = DistillationLoss.hinton(2, 0.75);
  private static final DistillationLoss SOFT = DistillationLoss.builder().temperature(2).build();
  private static final DistillationLoss HARD = DistillationLoss.builder().softWeight(0).hardWeight(1).build();
  private static final double BOUND = lossBound(5, 6, 2);

  private static final float[] Z = row(1, 2, 0, -1.5);
  private static final float[] Y = row(2, 1, 0.5, 3);

  static final Divergence[] DIVERGENCES = {
    Divergence.forwardKl(), Divergence.reverseKl(), Divergence.mixed(0.3), Divergence.jensenShannon(0.1),
    Divergence.jensenShannon(0.5), Divergence.skewForwardKl(0.1), Divergence.skewReverseKl(0.1),
    Divergence.totalVariation(), Divergence.logitMse()
  };

  @Test
  void aClassThatBothLackIsAbsentFromLossAndGradient() {
    Outcome with = run(BOTH, Batch.student(row(1, ABSENT, 2, 0, -1.5)).teacher(row(2, ABSENT, 1, 0.5, 3)).labels(2));
    Outcome without = run(BOTH, Batch.student(Z).teacher(Y).labels(1));
    assertNear("soft", with.soft()[0], without.soft()[0], BOUND);
    assertNear("hard", with.hard()[0], without.hard()[0], BOUND);
    assertThat(with.gradient()[0][1]).isZero();
    assertNear("gradient", with.gradient()[0][2], without.gradient()[0][1], BOUND);
    assertThat(with.totals().nonFiniteRows()).isZero();
  }

  @Test
  void aLabelThatNamesAnAbsentClassCostsInfinityWithAFiniteGradient() {
    Outcome outcome = run(HARD, Batch.student(row(0, ABSENT, 0)).labels(1));
    assertThat(outcome.hard()[0]).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(outcome.totals().total()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(outcome.totals().nonFiniteRows()).isEqualTo(1);
    double[] expected = {0.5, -1, 0.5};
    for (int i = 0; i < 3; i++) {
      assertNear("gradient", outcome.gradient()[0][i], expected[i], BOUND);
    }
  }

  @Test
  void aClassThatOnlyTheTeacherLacksAddsNothingToTheKl() {
    Outcome outcome = run(SOFT, Batch.student(row(0, 0, 0, 0)).teacher(row(0, ABSENT, 0, ABSENT)));
    assertNear("soft", outcome.soft()[0], 4 * Math.log(2), BOUND);
    double[] expected = {-0.5, 0.5, -0.5, 0.5}; // The gradient is T (q - p), which is 2 (1/4 - 1/2) or 2 (1/4).
    for (int i = 0; i < 4; i++) {
      assertNear("gradient", outcome.gradient()[0][i], expected[i], BOUND);
    }
  }

  @Test
  void aClassThatOnlyTheStudentLacksMakesTheKlInfiniteWithAFiniteGradient() {
    Outcome outcome = run(SOFT, Batch.student(row(0, ABSENT, 0, ABSENT)).teacher(row(0, 0, 0, 0)));
    assertThat(outcome.soft()[0]).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(outcome.totals().nonFiniteRows()).isEqualTo(1);
    double[] expected = {0.5, -0.5, 0.5, -0.5};
    for (int i = 0; i < 4; i++) {
      assertNear("gradient", outcome.gradient()[0][i], expected[i], BOUND);
    }
  }

  @Test
  void anImprobableClassThatTheStudentLacksStillCostsInfinity() {
    Outcome outcome = run(SOFT, Batch.student(row(0, 0, ABSENT)).teacher(row(0, 0, -9000)));
    assertThat(outcome.soft()[0]).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(Arrays.stream(outcome.gradient()[0])).allMatch(Double::isFinite);
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void aNonFiniteStudentRowAloneIsNaNThroughout(float nonFinite) {
    Outcome clean = run(BOTH, Batch.student(Z, Z, Z).teacher(Y, Y, Y).labels(0, 1, 2));
    Outcome outcome = run(BOTH, Batch.student(Z, row(1, 2, nonFinite, 0), Z).teacher(Y, Y, Y).labels(0, 1, 2));
    assertThat(outcome.soft()[1]).isNaN();
    assertThat(outcome.hard()[1]).isNaN();
    assertThat(outcome.gradient()[1]).containsOnly(Double.NaN);
    assertThat(outcome.totals().nonFiniteRows()).isEqualTo(1);
    assertRow(outcome, 0, clean, 0, 0);
    assertRow(outcome, 2, clean, 2, 0);
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void aNonFiniteTeacherRowAloneIsNaNThroughout(float nonFinite) {
    Outcome clean = run(BOTH, Batch.student(Z, Z, Z).teacher(Y, Y, Y).labels(0, 1, 2));
    Outcome outcome = run(BOTH, Batch.student(Z, Z, Z).teacher(Y, Y, row(nonFinite, 2, 1, 0)).labels(0, 1, 2));
    assertThat(outcome.soft()[2]).isNaN();
    assertThat(outcome.hard()[2]).isEqualTo(clean.hard()[2]); // The cross-entropy does not read the teacher.
    assertThat(outcome.gradient()[2]).containsOnly(Double.NaN);
    assertThat(outcome.totals().total()).isNaN();
    assertThat(outcome.totals().nonFiniteRows()).isEqualTo(1);
    assertRow(outcome, 0, clean, 0, 0);
    assertRow(outcome, 1, clean, 1, 0);
  }

  @Test
  void aRowThatIsAbsentThroughoutIsNaN() {
    float[] nothing = row(ABSENT, ABSENT, ABSENT, ABSENT);
    Outcome outcome = run(BOTH, Batch.student(nothing, Z, nothing).teacher(Y, nothing, nothing).labels(0, 0, 0));
    for (int i = 0; i < 3; i++) {
      assertThat(outcome.soft()[i]).isNaN();
      assertThat(outcome.gradient()[i]).containsOnly(Double.NaN);
    }
    assertThat(outcome.hard()[0]).isNaN();
    assertThat(outcome.totals().nonFiniteRows()).isEqualTo(3);
  }

  @ParameterizedTest
  @FieldSource("DIVERGENCES")
  void aStudentEqualToItsTeacherHasExactlyNoLossAndNoGradient(Divergence divergence) {
    float[] row = new float[1003];
    for (int i = 0; i < row.length; i++) {
      row[i] = (float) (4 * Math.sin(i * 1.7));
    }
    row[17] = ABSENT;
    for (double temperature : new double[] {1, 2, 3.7}) {
      DistillationLoss loss = DistillationLoss.builder().divergence(divergence).temperature(temperature).build();
      for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.F16}) {
        for (float[] each : new float[][] {row, row(1, 2, 0.3), Arrays.copyOf(row, 16)}) {
          Outcome outcome = run(loss, Batch.student(each).teacher(each).types(dtype, dtype));
          assertThat(outcome.soft()[0]).isZero();
          assertThat(Arrays.stream(outcome.gradient()[0])).allMatch(g -> g == 0);
          assertThat(outcome.totals().total()).isZero();
        }
      }
    }
  }

  @ParameterizedTest
  @FieldSource("DIVERGENCES")
  void aDivergenceIsNeverNegative(Divergence divergence) {
    DistillationLoss loss = DistillationLoss.builder().divergence(divergence).temperature(1.3).build();
    for (float noise = 1e-7f; noise < 1; noise *= 3) {
      float[] student = Y.clone();
      student[2] += noise;
      assertThat(run(loss, Batch.student(student).teacher(Y)).soft()[0]).isNotNegative();
    }
  }

  /**
   * Shifts teacher and student in opposite directions. The shifts are exact in f32, so that only the noise separates
   * both.
   */
  @ParameterizedTest
  @CsvSource({"3, 0", "3, 1024", "1000, 0", "1000, 1024", "100000, 0", "100000, 1024"})
  void nearEqualityKeepsRelativeAccuracy(int classes, int shift) {
    float[] teacher = new float[classes];
    float[] student = new float[classes];
    for (int i = 0; i < classes; i++) {
      teacher[i] = Math.round(3 * 4096 * Math.sin(i * 1.7)) / 4096f;
      student[i] = teacher[i] + (i % 7 - 3) / 4096f; // The noise is at most 7e-4.
    }
    Batch batch = Batch.student(plus(student, -shift)).teacher(plus(teacher, shift));
    double expected = batch.run(oracle(), SOFT).soft()[0];
    assertNear("relative to the KL", run(SOFT, batch).soft()[0] / expected, 1, 1e-5);
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 1024, 20000})
  // Each row has a multiple of 64 bytes, so that all rows have the same alignment.
  void aRowHasTheSameBitsAloneAndInAnyBatch(int classes) {
    float[] student = new float[classes];
    float[] teacher = new float[classes];
    for (int i = 0; i < classes; i++) {
      student[i] = (float) (4 * Math.sin(i * 1.7));
      teacher[i] = (float) (4 * Math.cos(i * 0.9));
    }
    DistillationLoss sum = BOTH.toBuilder().reduction(Reduction.SUM).build();
    Outcome alone = run(sum, Batch.student(student).teacher(teacher).labels(3));
    Outcome batch = run(sum, Batch.student(teacher, student, teacher).teacher(student, teacher, teacher)
        .labels(1, 3, 4));
    assertRow(batch, 1, alone, 0, 0);
  }

  @Test
  void largeLogitsAndOppositeShiftsChangeNothing() {
    Outcome plain = run(BOTH, Batch.student(Z).teacher(Y).labels(3));
    Outcome shifted = run(BOTH, Batch.student(plus(Z, 1024)).teacher(plus(Y, -1024)).labels(3));
    Outcome large = run(BOTH, Batch.student(plus(Z, -8192)).teacher(plus(Y, 8192)).labels(3));
    assertRow(shifted, 0, plain, 0, BOUND);
    assertRow(large, 0, plain, 0, BOUND);
  }

  @Test
  void logitsOfTenThousandAreOrdinary() {
    Outcome outcome = run(BOTH, Batch.student(row(1e4, -1e4, 0)).teacher(row(-1e4, 1e4, 0)).labels(1));
    assertNear("soft", outcome.soft()[0] / 4e4, 1, 4 * U); // The value is T^2 (1e4 + 1e4)/T.
    assertNear("hard", outcome.hard()[0] / 2e4, 1, 4 * U);
    double[] expected = {0.75 * 2 + 0.25, -0.75 * 2 - 0.25, 0};
    for (int i = 0; i < 3; i++) {
      assertNear("gradient", outcome.gradient()[0][i], expected[i], BOUND);
    }
  }

  @Test
  void aNarrowGradientOverflowsToInfinityAndKeepsSubnormals() {
    // The gradient is -1/2 and 1/2.
    Batch batch = Batch.student(row(0, 0)).labels(0).types(DType.F16, DType.F16);
    double[] large = run(HARD, batch.gradientScale(1e6)).gradient()[0];
    assertThat(large).containsExactly(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
    assertThat(run(HARD, batch.gradientScale(0x1p-22)).gradient()[0]).containsExactly(-0x1p-23, 0x1p-23);
    Batch f32 = Batch.student(row(0, 0)).labels(0);
    assertThat(run(HARD, f32.gradientScale(0x1p-139)).gradient()[0]).containsExactly(-0x1p-140, 0x1p-140);
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, names = {"F32", "BF16", "F16"})
  void theSameBatchGivesTheSameBits(DType dtype) {
    Batch batch = Batch.student(Z, Y, Z).teacher(Y, Z, Z).labels(0, 1, 2).types(dtype, dtype);
    Outcome first = run(BOTH, batch);
    Stream.generate(() -> run(BOTH, batch)).limit(5).forEach(again -> {
      assertThat(again.totals()).isEqualTo(first.totals());
      assertThat(again.gradient()).isDeepEqualTo(first.gradient());
    });
  }

  private static float[] plus(float[] row, float shift) {
    float[] sum = row.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += shift;
    }
    return sum;
  }
}
