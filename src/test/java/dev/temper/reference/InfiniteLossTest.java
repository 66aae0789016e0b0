package dev.temper.reference;

import static dev.temper.reference.ComputedRow.compute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Tests losses that are infinite: their gradients are finite or the limit, and never NaN. */
class InfiniteLossTest {

  private static final double ABSENT = Double.NEGATIVE_INFINITY;
  private static final double INFINITY = Double.POSITIVE_INFINITY;

  static final Divergence[] REVERSE_KINDS =
      {Divergence.reverseKl(), Divergence.mixed(0), Divergence.mixed(0.25), Divergence.skewReverseKl(0)};

  @ParameterizedTest
  @FieldSource("REVERSE_KINDS")
  void theReverseKlPushesTheStudentAwayFromClassesThatTheTeacherLacks(Divergence divergence) {
    ReferenceRow row = compute(of(divergence), new double[] {0, 1, -2, ABSENT}, new double[] {0, ABSENT, 1, ABSENT});
    assertThat(row.soft()).isEqualTo(INFINITY);
    assertGradient(row, -INFINITY, INFINITY, -INFINITY, 0);
  }

  @Test
  void theReverseKlOfAClassThatOnlyTheStudentLacksHasAFiniteGradientThere() {
    double[] z = {0, 1, ABSENT};
    double[] u = {0, ABSENT, 1};
    assertGradient(compute(of(Divergence.reverseKl()), z, u), -INFINITY, INFINITY, 0);
    ReferenceRow mixed = compute(of(Divergence.mixed(0.25)), z, u);
    assertThat(mixed.gradient(0)).isEqualTo(-INFINITY);
    // The forward KL alone reaches the class that the student lacks: lambda (q - p).
    assertThat(mixed.gradient(2)).isCloseTo(-0.25 * Math.E / (1 + Math.E), within(1e-15));
  }

  @Test
  void aStudentOnAbsentClassesAloneIsPushedFromThem() {
    ReferenceRow row =
        compute(of(Divergence.reverseKl()), new double[] {ABSENT, 1, 2}, new double[] {0, ABSENT, ABSENT});
    assertGradient(row, 0, INFINITY, INFINITY);
  }

  @Test
  void aProbabilityThatUnderflowsKeepsTheSignOfItsLimit() {
    ReferenceRow kept = compute(of(Divergence.reverseKl()), new double[] {-1000, 0}, new double[] {0, ABSENT});
    assertGradient(kept, -INFINITY, INFINITY);
    ReferenceRow lacking = compute(of(Divergence.reverseKl()), new double[] {0, -1000}, new double[] {0, ABSENT});
    assertGradient(lacking, -INFINITY, INFINITY);
    assertThat(lacking.soft()).isEqualTo(INFINITY);
  }

  @Test
  void softcapAndStandardisationKeepTheLimit() {
    double[] z = {0, 1, -2};
    double[] u = {0, ABSENT, 1};
    DistillationLoss.Builder builder = DistillationLoss.builder().divergence(Divergence.reverseKl()).temperature(2);
    assertGradient(compute(builder.softcap(3).build(), z, u), -INFINITY, INFINITY, -INFINITY);
    ReferenceRow standardised = compute(builder.standardise(true).build(), z, u);
    double[] gradient = {standardised.gradient(0), standardised.gradient(1), standardised.gradient(2)};
    assertThat(gradient).doesNotContain(Double.NaN).contains(INFINITY, -INFINITY);
  }

  @Test
  void theCrossEntropyIsAddedToTheLimit() {
    DistillationLoss loss = DistillationLoss.builder().divergence(Divergence.reverseKl()).hardWeight(1).build();
    ReferenceRow row = compute(loss, new double[] {0, 0, ABSENT}, new double[] {0, ABSENT, 0});
    assertGradient(row, -INFINITY, INFINITY, 0);
    assertThat(row.hard()).isCloseTo(Math.log(2), within(1e-15));
  }

  @Test
  void theForwardKlOfAStudentThatLacksAClassHasAFiniteGradient() {
    ReferenceRow row = compute(of(Divergence.forwardKl()), new double[] {0, 0, ABSENT}, new double[] {0, ABSENT, 0});
    assertThat(row.soft()).isEqualTo(INFINITY);
    assertGradient(row, 0, 0.5, -0.5);
  }

  @Test
  void whetherATeacherHasAClassIsDecidedByItsLogit() {
    ReferenceRow underflow = compute(of(Divergence.forwardKl()), new double[] {0, ABSENT}, new double[] {0, -1000});
    assertThat(underflow.soft()).isEqualTo(INFINITY);
    ReferenceRow reverse = compute(of(Divergence.reverseKl()), new double[] {0, -1000}, new double[] {0, ABSENT});
    assertThat(reverse.soft()).isEqualTo(INFINITY);
  }

  @Test
  void aLabelThatNamesAnAbsentClassHasAnInfiniteCrossEntropyAndAFiniteGradient() {
    DistillationLoss loss = DistillationLoss.builder().softWeight(0).hardWeight(1).zLoss(0.1).build();
    ReferenceRow row = new ReferenceRow(loss, 3);
    row.compute(new double[] {0, 0, ABSENT}, null, 2, 1);
    assertThat(row.hard()).isEqualTo(INFINITY);
    double zGradient = 2 * 0.1 * Math.log(2) / 2;
    assertThat(row.gradient(0)).isCloseTo(0.5 + zGradient, within(1e-15));
    assertThat(row.gradient(2)).isEqualTo(-1);
  }

  private static void assertGradient(ReferenceRow row, double... expected) {
    for (int i = 0; i < expected.length; i++) {
      // The sum with 0 turns -0 into 0.
      assertThat(row.gradient(i) + 0.0).as("class %d", i).isEqualTo(expected[i]);
    }
  }

  private static DistillationLoss of(Divergence divergence) {
    return DistillationLoss.builder().divergence(divergence).temperature(1).build();
  }
}
