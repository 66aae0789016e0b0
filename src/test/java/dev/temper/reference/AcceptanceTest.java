package dev.temper.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import org.junit.jupiter.api.Test;

/** Tests the negative log-acceptance beyond its definition, which {@link DefinitionTest} compares. */
class AcceptanceTest {

  private static final double ABSENT = Double.NEGATIVE_INFINITY;

  @Test
  void distributionsFarApartHaveAFiniteValueAndGradient() {
    ReferenceRow row = compute(new double[] {120, 0}, new double[] {0, 120});
    // A is 2 e^-120, so -log A is 120 - log 2.
    assertThat(row.soft()).isCloseTo(120 - Math.log(2), within(1e-13));
    assertThat(row.gradient(0)).isCloseTo(0.5, within(1e-15));
    assertThat(row.gradient(1)).isCloseTo(-0.5, within(1e-15));
  }

  @Test
  void aRateThatUnderflowsStillHasItsLogarithm() {
    ReferenceRow row = compute(new double[] {2000, 0}, new double[] {0, 2000});
    assertThat(row.soft()).isCloseTo(2000 - Math.log(2), within(1e-12));
    assertThat(row.gradient(0)).isCloseTo(0.5, within(1e-12));
    assertThat(row.gradient(1)).isCloseTo(-0.5, within(1e-12));
  }

  @Test
  void distributionsWithoutACommonClassAreInfinitelyFarWithoutAGradient() {
    ReferenceRow row = compute(new double[] {1, ABSENT}, new double[] {ABSENT, 2});
    assertThat(row.soft()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(row.gradient(0)).isZero();
    assertThat(row.gradient(1)).isZero();
  }

  @Test
  void aClassThatOneSideLacksIsNeverAccepted() {
    // A = 1/2, S = 1/2 on class 1, U = 1/2 on class 0.
    ReferenceRow row = compute(new double[] {0, 0, ABSENT}, new double[] {ABSENT, 0, 0});
    assertThat(row.soft()).isCloseTo(Math.log(2), within(1e-15));
    assertThat(row.gradient(0)).isCloseTo(0.5, within(1e-15));
    assertThat(row.gradient(1)).isCloseTo(-0.5, within(1e-15));
    assertThat(row.gradient(2)).isZero();
  }

  private static ReferenceRow compute(double[] z, double[] u) {
    ReferenceRow row = new ReferenceRow(
        DistillationLoss.builder().divergence(Divergence.negativeLogAcceptance()).build(), z.length);
    row.compute(z, u, 0, 1);
    return row;
  }
}
