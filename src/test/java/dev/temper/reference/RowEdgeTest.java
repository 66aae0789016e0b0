package dev.temper.reference;

import static dev.temper.reference.ComputedRow.compute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Tests edge cases of divergences and options. */
class RowEdgeTest {

  private static final double ABSENT = Double.NEGATIVE_INFINITY;
  private static final double TINY = 1e-15;

  static final Divergence[] DIVERGENCES = DefinitionTest.DIVERGENCES;

  @ParameterizedTest
  @FieldSource("DIVERGENCES")
  void aClassThatBothLackIsAbsent(Divergence divergence) {
    DistillationLoss loss = DistillationLoss.builder().divergence(divergence).temperature(2).build();
    ReferenceRow with = compute(loss, new double[] {1, ABSENT, 2, 0}, new double[] {2, ABSENT, 1, 0.5});
    ReferenceRow without = compute(loss, new double[] {1, 2, 0}, new double[] {2, 1, 0.5});
    double perClass = divergence instanceof Divergence.LogitMse ? 0.75 : 1; // The mean of logit-mse counts all classes.
    assertThat(with.soft()).isCloseTo(perClass * without.soft(), within(TINY));
    assertThat(with.gradient(1)).isZero();
    assertThat(with.gradient(2)).isCloseTo(perClass * without.gradient(1), within(TINY));
  }

  @ParameterizedTest
  @FieldSource("DIVERGENCES")
  void aStudentThatEqualsItsTeacherHasExactlyNoSoftPart(Divergence divergence) {
    double[] logits = {1, -2.5, 0.1f, 40, ABSENT, -1e4};
    DistillationLoss loss = DistillationLoss.builder().divergence(divergence).temperature(2.7).softcap(30)
        .teacherSoftcap(30).build();
    for (DistillationLoss each : new DistillationLoss[] {of(divergence), loss}) {
      ReferenceRow row = compute(each, logits, logits);
      assertThat(row.soft()).isZero();
      for (int i = 0; i < logits.length; i++) {
        assertThat(row.gradient(i)).isZero();
      }
    }
  }

  @Test
  void mixturesStayFiniteWhereOneSideLacksAClass() {
    double[] z = {0, 0, ABSENT};
    double[] u = {ABSENT, 0, 0};
    double half = Math.log(2) / 2;
    // The distributions are p = [0, .5, .5], q = [.5, .5, 0] and m = [.25, .5, .25].
    ReferenceRow jsd = compute(of(Divergence.jensenShannon(0.5)), z, u);
    assertThat(jsd.soft()).isCloseTo(half, within(TINY));
    assertThat(jsd.gradient(0)).isCloseTo(0.25 * (2 * half - half), within(TINY));
    assertThat(jsd.gradient(2)).isZero();
    ReferenceRow forward = compute(of(Divergence.skewForwardKl(0.5)), z, u);
    assertThat(forward.soft()).isCloseTo(half, within(TINY));
    // The gradient is -1/2 q (w - 1/2) with w = [0, 1, 2].
    assertThat(forward.gradient(0)).isCloseTo(0.125, within(TINY));
    ReferenceRow reverse = compute(of(Divergence.skewReverseKl(0.5)), z, u);
    assertThat(reverse.soft()).isCloseTo(half, within(TINY));
    assertThat(compute(of(Divergence.totalVariation()), z, u).soft()).isCloseTo(0.5, within(TINY));
  }

  @Test
  void theReverseKlIgnoresAClassThatOnlyTheStudentLacks() {
    ReferenceRow row = compute(of(Divergence.reverseKl()), new double[] {0, ABSENT}, new double[] {0, 0});
    assertThat(row.soft()).isCloseTo(Math.log(2), within(TINY));
    assertThat(row.gradient(1)).isZero();
    assertThat(compute(of(Divergence.mixed(0)), new double[] {0, ABSENT}, new double[] {0, 0}).soft()).isFinite();
  }

  @Test
  void logitMseIsInfiniteWhereOneSideLacksAClassAndItsGradientNaNThereAlone() {
    ReferenceRow row = compute(of(Divergence.logitMse()), new double[] {1, ABSENT, 2}, new double[] {0, 0, 2});
    assertThat(row.soft()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(row.gradient(0)).isCloseTo(2.0 / 3, within(TINY));
    assertThat(row.gradient(1)).isNaN();
    assertThat(row.gradient(2)).isZero();
  }

  @Test
  void logitMseIgnoresTheTemperature() {
    DistillationLoss hot = DistillationLoss.builder().divergence(Divergence.logitMse()).temperature(4).build();
    assertThat(compute(hot, new double[] {1, 3}, new double[] {0, 1}).soft()).isEqualTo(2.5);
  }

  @Test
  void theSignOfTotalVariationIsZeroAtTies() {
    ReferenceRow row = compute(of(Divergence.totalVariation()), new double[] {0, 0, 1, -1}, new double[] {0, 0, -1, 1});
    assertThat(row.soft()).isPositive();
    double q = Math.exp(0) / (2 + Math.E + 1 / Math.E);
    double mean = (Math.E - 1 / Math.E) / (2 + Math.E + 1 / Math.E);
    assertThat(row.gradient(0)).isCloseTo(q * (0 - mean) / 2, within(TINY));
  }

  @Test
  void softcapKeepsAnAbsentClassAbsent() {
    DistillationLoss loss = DistillationLoss.builder().softcap(3).hardWeight(1).build();
    ReferenceRow with = compute(loss, new double[] {1, 2, ABSENT}, new double[] {2, 1, ABSENT});
    ReferenceRow without = compute(loss, new double[] {1, 2}, new double[] {2, 1});
    assertThat(with.loss()).isEqualTo(without.loss());
    assertThat(with.gradient(0)).isEqualTo(without.gradient(0));
    assertThat(with.gradient(2)).isZero();
  }

  @Test
  void softcapKeepsANonFiniteLogit() {
    DistillationLoss loss = DistillationLoss.builder().softcap(3).build();
    assertThat(compute(loss, new double[] {1, Double.POSITIVE_INFINITY}, new double[] {2, 1}).soft()).isNaN();
  }

  @Test
  void labelSmoothingSpreadsOverPresentClasses() {
    DistillationLoss loss = DistillationLoss.builder().softWeight(0).hardWeight(1).labelSmoothing(0.3).build();
    ReferenceRow with = compute(loss, new double[] {1, 2, ABSENT, 0}, new double[4]);
    ReferenceRow without = compute(loss, new double[] {1, 2, 0}, new double[3]);
    assertThat(with.hard()).isCloseTo(without.hard(), within(TINY));
    assertThat(with.gradient(2)).isZero();
    assertThat(with.gradient(3)).isCloseTo(without.gradient(2), within(TINY));
    double lse = Math.log(Math.E + Math.E * Math.E + 1);
    assertThat(with.hard()).isCloseTo(lse - 0.7 - 0.1 * 3, within(TINY));
  }

  private static DistillationLoss of(Divergence divergence) {
    return DistillationLoss.builder().divergence(divergence).build();
  }
}
