package dev.temper.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import org.junit.jupiter.api.Test;

/** Tests decoupled distillation beyond its definition, which {@link DefinitionTest} compares. */
class DecoupledKlTest {

  private static final double ABSENT = Double.NEGATIVE_INFINITY;
  private static final double TINY = 1e-15;

  @Test
  void bothWeightsOfOneWithAFactorOfTheRestAreTheForwardKl() {
    // KL(p, q) = KL of label and rest + (1 - p_y) KL of the rest.
    double[] z = {0.5, -1, 2, 0};
    double[] u = {1, 0.25, -0.5, 0};
    double rest = Math.exp(1) + Math.exp(0.25) + 1;
    double share = rest / (rest + Math.exp(-0.5));
    ReferenceRow decoupled = compute(Divergence.dkd(1, share), z, u, 2, 1);
    ReferenceRow whole = compute(Divergence.forwardKl(), z, u, 2, 1);
    assertThat(decoupled.soft()).isCloseTo(whole.soft(), within(4 * TINY));
    for (int i = 0; i < 4; i++) {
      assertThat(decoupled.gradient(i)).isCloseTo(whole.gradient(i), within(4 * TINY));
    }
  }

  @Test
  void theGradientHasBothTerms() {
    double temperature = 3;
    double[] z = {0.5, -1, 2};
    double[] u = {1, 0.25, -0.5};
    ReferenceRow row = compute(Divergence.dkd(0.7, 2), z, u, 1, temperature);
    double[] q = softmax(z, temperature);
    double[] p = softmax(u, temperature);
    double onLabel = q[1] - p[1];
    double q0 = q[0] / (q[0] + q[2]);
    double p0 = p[0] / (p[0] + p[2]);
    assertThat(row.gradient(1)).isCloseTo(temperature * 0.7 * onLabel, within(4 * TINY));
    assertThat(row.gradient(0)).isCloseTo(temperature * (-0.7 * onLabel * q0 + 2 * (q0 - p0)), within(8 * TINY));
  }

  @Test
  void aRowOfOneClassGivesNothing() {
    ReferenceRow row = compute(Divergence.dkd(1, 8), new double[] {3}, new double[] {-2}, 0, 2);
    assertThat(row.soft()).isZero();
    assertThat(row.gradient(0)).isZero();
    ReferenceRow present = compute(Divergence.dkd(1, 8), new double[] {3, ABSENT}, new double[] {-2, ABSENT}, 0, 2);
    assertThat(present.soft()).isZero();
    assertThat(present.gradient(0)).isZero();
    assertThat(present.gradient(1)).isZero();
  }

  @Test
  void aConfidentTeacherKeepsTheRestOfItsDistribution() {
    // 1 - p_y is 2e-35: as a difference it would be 0 and the rest would be lost.
    double[] u = {80, 1, 0};
    double[] z = {80, 0, 1};
    ReferenceRow row = compute(Divergence.dkd(0, 1), z, u, 0, 1);
    double share = Math.E / (1 + Math.E);
    assertThat(row.soft()).isCloseTo(share - (1 - share), within(4 * TINY));
    assertThat(row.gradient(1)).isCloseTo((1 - share) - share, within(4 * TINY));
    ReferenceRow between = compute(Divergence.dkd(1, 0), new double[] {40, 0, 0}, new double[] {0, 40, 0}, 0, 1);
    assertThat(between.soft()).isCloseTo(40 - Math.log(2), within(1e-14));
  }

  @Test
  void aTeacherThatHasTheLabelAloneHasNoSecondTerm() {
    ReferenceRow row = compute(Divergence.dkd(2, 8), new double[] {0, 0, 0}, new double[] {0, ABSENT, ABSENT}, 0, 1);
    assertThat(row.soft()).isCloseTo(2 * Math.log(3), within(TINY));
    assertThat(row.gradient(0)).isCloseTo(2 * (1 / 3.0 - 1), within(TINY));
    assertThat(row.gradient(1)).isCloseTo(-(1 / 3.0 - 1), within(TINY));
  }

  @Test
  void aStudentThatHasTheLabelAloneIsInfinitelyFarAndHasAFiniteGradient() {
    ReferenceRow row = compute(Divergence.dkd(0, 8), new double[] {0, ABSENT}, new double[] {0, 0}, 0, 1);
    assertThat(row.soft()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(row.gradient(0)).isFinite();
    assertThat(row.gradient(1)).isFinite();
    assertThat(compute(Divergence.dkd(1, 0), new double[] {ABSENT, 0}, new double[] {0, 0}, 0, 1).gradient(0))
        .isEqualTo(-0.5);
  }

  private static double[] softmax(double[] x, double temperature) {
    Softmax softmax = new Softmax(x.length);
    softmax.set(x, temperature);
    return softmax.probability;
  }

  private static ReferenceRow compute(Divergence divergence, double[] z, double[] u, int label, double temperature) {
    ReferenceRow row = new ReferenceRow(
        DistillationLoss.builder().divergence(divergence).temperature(temperature).build(), z.length);
    row.compute(z, u, label, temperature);
    return row;
  }
}
