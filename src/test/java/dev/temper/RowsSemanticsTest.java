package dev.temper;

import static dev.temper.Outcome.assertNear;
import static dev.temper.Outcome.assertRow;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests rows, labels, weights and reductions. */
class RowsSemanticsTest extends EachDevice {

  private static final DistillationLoss.Builder BUILDER = DistillationLoss.builder().temperature(2).softWeight(0.75)
      .hardWeight(0.5);
  private static final DistillationLoss BOTH = BUILDER.build();
  private static final DistillationLoss SUM = BOTH.toBuilder().reduction(Reduction.SUM).build();
  private static final double BOUND = lossBound(4, 5, 2);

  private static final float[] Z = row(1, 2, 0, -1.5);
  private static final float[] Y = row(2, 1, 0.5, 3);
  private static final float[] X = row(-1, 0.25, 1, 0);
  private static final float[] NON_FINITE = row(Float.NaN, Float.POSITIVE_INFINITY, 0, 0);
  private static final Batch THREE = Batch.student(Z, Y, X).teacher(Y, X, Z).labels(0, 3, 1);

  @Test
  void anIgnoredRowContributesNothingWhateverItHolds() {
    Outcome outcome = run(BOTH, Batch.student(Z, NON_FINITE, X).teacher(Y, NON_FINITE, Z).labels(0, -100, 1));
    Outcome two = run(BOTH, Batch.student(Z, X).teacher(Y, Z).labels(0, 1));
    assertThat(outcome.gradient()[1]).containsOnly(0);
    assertThat(outcome.soft()[1]).isZero();
    assertThat(outcome.hard()[1]).isZero();
    assertThat(outcome.totals().countedRows()).isEqualTo(2);
    assertThat(outcome.totals().rows()).isEqualTo(3);
    assertThat(outcome.totals().nonFiniteRows()).isZero();
    assertNear("total", outcome.totals().total(), two.totals().total(), BOUND);
    assertRow(outcome, 2, two, 1, BOUND);
  }

  @Test
  void aRowIsIgnoredEvenWhereLabelsHaveNoWeight() {
    DistillationLoss soft = BOTH.toBuilder().hardWeight(0).ignoreIndex(7).build();
    Outcome outcome = run(soft, Batch.student(Z, NON_FINITE).teacher(Y, NON_FINITE).labels(0, 7));
    assertThat(outcome.gradient()[1]).containsOnly(0);
    assertThat(outcome.totals().countedRows()).isEqualTo(1);
    assertThat(outcome.totals().total()).isFinite().isPositive();
  }

  @Test
  void labelsMayBe64Bit() {
    Outcome outcome = run(BOTH, Batch.student(Z, Y, X).teacher(Y, X, Z).labels(RowVector.labels(0L, 3L, -100L)));
    Outcome expected = run(BOTH, Batch.student(Z, Y, X).teacher(Y, X, Z).labels(0, 3, -100));
    assertThat(outcome.totals()).isEqualTo(expected.totals());
    assertThat(outcome.gradient()).isDeepEqualTo(expected.gradient());
  }

  @Test
  void aWeightMultipliesBothPartsOfItsRowAndNotTheCount() {
    Outcome plain = run(BOTH, THREE);
    Outcome weighted = run(BOTH, THREE.weights(2, 0.5f, 1));
    double soft = 0.75 / 3 * (2 * plain.soft()[0] + 0.5 * plain.soft()[1] + plain.soft()[2]);
    double hard = 0.5 / 3 * (2 * plain.hard()[0] + 0.5 * plain.hard()[1] + plain.hard()[2]);
    assertNear("soft", weighted.totals().soft(), soft, 4 * BOUND);
    assertNear("hard", weighted.totals().hard(), hard, 4 * BOUND);
    assertThat(weighted.soft()).isEqualTo(plain.soft());
    assertThat(weighted.hard()).isEqualTo(plain.hard());
    assertThat(weighted.totals().countedRows()).isEqualTo(3);
    assertNear("gradient", weighted.gradient()[0][2], 2 * plain.gradient()[0][2], 2 * BOUND);
    assertNear("gradient", weighted.gradient()[1][2], 0.5 * plain.gradient()[1][2], BOUND);
  }

  @Test
  void aRowOfWeightZeroGivesNothingWhateverItHoldsAndIsCounted() {
    Outcome outcome = run(BOTH, Batch.student(Z, NON_FINITE).teacher(Y, NON_FINITE).labels(0, 1).weights(1, 0));
    Outcome alone = run(BOTH, Batch.student(Z).teacher(Y).labels(0));
    assertThat(outcome.gradient()[1]).containsOnly(0);
    assertThat(outcome.soft()[1]).isZero();
    assertThat(outcome.hard()[1]).isZero();
    assertThat(outcome.totals().countedRows()).isEqualTo(2);
    assertThat(outcome.totals().nonFiniteRows()).isZero();
    assertNear("total", outcome.totals().total(), alone.totals().total() / 2, BOUND);
  }

  @Test
  void rowTemperaturesReplaceTheTemperatureInTheFactorToo() {
    Outcome outcome = run(SUM, THREE.temperatures(1, 2, 4));
    float[] temperatures = {1, 2, 4};
    for (int i = 0; i < 3; i++) {
      Outcome expected = run(SUM.toBuilder().temperature(temperatures[i]).build(), THREE);
      assertRow(outcome, i, expected, i, lossBound(4, 5, temperatures[i]));
    }
  }

  @Test
  void withoutTemperatureScalingValueAndGradientLackTheSquare() {
    DistillationLoss soft = SUM.toBuilder().hardWeight(0).temperature(4).build();
    Outcome scaled = run(soft, THREE);
    Outcome plain = run(soft.toBuilder().temperatureScaling(false).build(), THREE);
    for (int i = 0; i < 3; i++) {
      assertNear("soft", 16 * plain.soft()[i], scaled.soft()[i], lossBound(4, 5, 4));
      assertNear("gradient", 16 * plain.gradient()[i][0], scaled.gradient()[i][0], lossBound(4, 5, 4));
    }
  }

  @ParameterizedTest
  @EnumSource(Reduction.class)
  void reductionsDivideTheSum(Reduction reduction) {
    Batch batch = Batch.student(Z, Y, X, Z).teacher(Y, X, Z, Z).labels(0, 3, 1, -100);
    Outcome outcome = run(BOTH.toBuilder().reduction(reduction).build(), batch);
    Outcome sum = run(SUM, batch);
    double divisor = switch (reduction) {
      case NONE, SUM -> 1;
      case MEAN -> 3;
      case BATCH_MEAN -> 4;
    };
    boolean none = reduction == Reduction.NONE;
    assertNear("soft", outcome.totals().soft(), none ? Double.NaN : sum.totals().soft() / divisor, 4 * BOUND);
    assertNear("hard", outcome.totals().hard(), none ? Double.NaN : sum.totals().hard() / divisor, 4 * BOUND);
    assertNear("total", outcome.totals().total(), none ? Double.NaN : sum.totals().total() / divisor, 4 * BOUND);
    assertNear("gradient", outcome.gradient()[2][1], sum.gradient()[2][1] / divisor, BOUND);
    double soft = sum.soft()[0] + sum.soft()[1] + sum.soft()[2];
    double hard = sum.hard()[0] + sum.hard()[1] + sum.hard()[2];
    assertNear("sum of soft", sum.totals().soft(), 0.75 * soft, 4 * BOUND);
    assertNear("sum of hard", sum.totals().hard(), 0.5 * hard, 4 * BOUND);
    assertNear("total", sum.totals().total(), sum.totals().soft() + sum.totals().hard(), U * sum.totals().total());
  }

  @Test
  void splittingABatchUnderOneDenominatorAddsUp() {
    try (Arena arena = Arena.ofConfined()) {
      Batch first = Batch.student(Z, Y).teacher(Y, X).labels(0, 3);
      Batch second = Batch.student(X).teacher(Z).labels(1);
      Outcome whole = run(BOTH, THREE);
      Outcome one = first.run(engine(), BOTH, first.inputs(arena).withDenominator(3));
      Outcome two = second.run(engine(), BOTH, second.inputs(arena).withDenominator(3));
      assertNear("total", one.totals().total() + two.totals().total(), whole.totals().total(), BOUND);
      assertRow(one, 1, whole, 1, BOUND);
      assertRow(two, 0, whole, 2, BOUND);
    }
  }

  @ParameterizedTest
  @EnumSource(Reduction.class)
  void noCountedRowsGiveZeroAndNeverZeroByZero(Reduction reduction) {
    DistillationLoss loss = BOTH.toBuilder().reduction(reduction).build();
    Outcome ignored = run(loss, Batch.student(Z, NON_FINITE).teacher(Y, Y).labels(-100, -100));
    Outcome empty = run(loss, Batch.student(new float[0][]).teacher(new float[0][])
        .labels(RowVector.labels(new int[0])));
    for (Outcome outcome : new Outcome[] {ignored, empty}) {
      assertThat(outcome.totals().countedRows()).isZero();
      if (reduction != Reduction.NONE) {
        assertThat(outcome.totals().total()).isZero();
        assertThat(outcome.totals().soft()).isZero();
        assertThat(outcome.totals().hard()).isZero();
      }
    }
    assertThat(ignored.gradient()[0]).containsOnly(0);
    assertThat(ignored.gradient()[1]).containsOnly(0);
  }

  @Test
  void theGradientScaleMultipliesTheGradientOnly() {
    Outcome plain = run(BOTH, THREE);
    Outcome scaled = run(BOTH, THREE.gradientScale(-8));
    assertThat(scaled.totals()).isEqualTo(plain.totals());
    for (int i = 0; i < 4; i++) {
      assertNear("gradient", scaled.gradient()[0][i], -8 * plain.gradient()[0][i], 8 * BOUND);
    }
  }

  @Test
  void aPartOfWeightZeroIsNotComputedAndItsInputMayBeMissing() {
    Outcome hard = run(BOTH.toBuilder().softWeight(0).build(), Batch.student(Z).labels(0));
    assertThat(hard.totals().soft()).isZero();
    assertThat(hard.soft()[0]).isZero();
    assertThat(hard.hard()[0]).isPositive();
    Outcome soft = run(BOTH.toBuilder().hardWeight(0).build(), Batch.student(Z).teacher(Y));
    assertThat(soft.totals().hard()).isZero();
    assertThat(soft.hard()[0]).isZero();
    assertThat(soft.soft()[0]).isPositive();
    assertThat(soft.totals().countedRows()).isEqualTo(1);
  }
}
