package dev.temper.reference;

import static dev.temper.reference.ComputedRow.compute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests standardised logits: their definition, and rows without a standard deviation. */
class StandardisationTest {

  private static final double ABSENT = Double.NEGATIVE_INFINITY;
  private static final double[] Z = {1, 2, 0, 4};
  private static final double[] U = {2, 1, 0.5, -3};

  @Test
  void theSoftPartComparesStandardisedLogitsAtTheTemperature() {
    DistillationLoss plain = DistillationLoss.builder().temperature(2).build();
    ReferenceRow expected = compute(plain, standardised(Z), standardised(U));
    ReferenceRow row = compute(plain.toBuilder().standardise(true).build(), Z, U);
    assertThat(row.soft()).isCloseTo(expected.soft(), within(1e-15));
  }

  @Test
  void theCrossEntropyKeepsTheLogits() {
    DistillationLoss plain = DistillationLoss.builder().softWeight(0).hardWeight(1).build();
    DistillationLoss loss = plain.toBuilder().softWeight(1).standardise(true).build();
    assertThat(compute(loss, Z, U).hard()).isEqualTo(compute(plain, Z, U).hard());
  }

  @Test
  void theSoftcapComesFirst() {
    DistillationLoss loss = DistillationLoss.builder().standardise(true).softcap(3).teacherSoftcap(2).build();
    double[] z = Z.clone();
    double[] u = U.clone();
    Softcap.apply(z, 3);
    Softcap.apply(u, 2);
    ReferenceRow expected = compute(DistillationLoss.builder().build(), standardised(z), standardised(u));
    assertThat(compute(loss, Z, U).soft()).isCloseTo(expected.soft(), within(1e-15));
  }

  @Test
  void scaleAndShiftOfTheLogitsChangeNextToNothing() {
    DistillationLoss loss = DistillationLoss.builder().standardise(true).temperature(2).build();
    double[] moved = new double[Z.length];
    for (int i = 0; i < moved.length; i++) {
      moved[i] = 1024 + 8 * Z[i];
    }
    double plain = compute(loss, Z, U).soft();
    assertThat(compute(loss, moved, U).soft()).isCloseTo(plain, within(1e-6 * plain));
  }

  @Test
  void anAbsentClassIsNoPartOfMeanAndDeviation() {
    DistillationLoss loss = DistillationLoss.builder().standardise(true).temperature(2).build();
    ReferenceRow with = compute(loss, new double[] {1, ABSENT, 2, 0, 4}, new double[] {2, ABSENT, 1, 0.5, -3});
    ReferenceRow without = compute(loss, Z, U);
    assertThat(with.soft()).isCloseTo(without.soft(), within(1e-15));
    assertThat(with.gradient(1)).isZero();
    assertThat(with.gradient(2)).isCloseTo(without.gradient(1), within(1e-15));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.1, 1e4, -0.3})
  void equalLogitsGiveNothing(double value) {
    DistillationLoss loss = DistillationLoss.builder().standardise(true).temperature(2).hardWeight(1).build();
    double[] equal = {value, value, value, value};
    for (double[][] pair : new double[][][] {{equal, U}, {Z, equal}, {equal, equal}}) {
      ReferenceRow row = compute(loss, pair[0], pair[1]);
      assertThat(row.soft()).isZero();
      assertThat(row.temperatureGradient()).isZero();
      ReferenceRow hard = compute(loss.toBuilder().softWeight(0).build(), pair[0], pair[1]);
      for (int i = 0; i < 4; i++) {
        assertThat(row.gradient(i)).isEqualTo(hard.gradient(i));
      }
    }
  }

  @Test
  void oneClassGivesNothing() {
    DistillationLoss loss = DistillationLoss.builder().standardise(true).build();
    assertThat(compute(loss, new double[] {3}, new double[] {-1}).soft()).isZero();
    ReferenceRow present = compute(loss, new double[] {3, ABSENT}, new double[] {-1, ABSENT});
    assertThat(present.soft()).isZero();
    assertThat(present.gradient(0)).isZero();
  }

  @Test
  void equalLogitsOfStudentAndTeacherGiveExactlyNothing() {
    for (Divergence divergence : DefinitionTest.DIVERGENCES) {
      if (!(divergence instanceof Divergence.LogitMse)) {
        DistillationLoss loss = DistillationLoss.builder().divergence(divergence).standardise(true).build();
        ReferenceRow row = compute(loss, Z, Z);
        assertThat(row.soft()).isZero();
        for (int i = 0; i < Z.length; i++) {
          assertThat(row.gradient(i)).isZero();
        }
      }
    }
  }

  @Test
  void aNonFiniteRowIsNan() {
    DistillationLoss loss = DistillationLoss.builder().standardise(true).build();
    assertThat(compute(loss, new double[] {Double.NaN, 1}, new double[] {0, 1}).soft()).isNaN();
    assertThat(compute(loss, new double[] {0, 1}, new double[] {ABSENT, ABSENT}).gradient(0)).isNaN();
  }

  /** The definition, with the same additive constant as the authors' code. */
  private static double[] standardised(double[] x) {
    double mean = 0;
    for (double each : x) {
      mean += each / x.length;
    }
    double squares = 0;
    for (double each : x) {
      squares += (each - mean) * (each - mean);
    }
    double deviation = Math.sqrt(squares / (x.length - 1));
    double[] result = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      result[i] = (x[i] - mean) / (deviation + 1e-7);
    }
    return result;
  }
}
