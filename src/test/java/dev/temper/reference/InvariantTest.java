package dev.temper.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Tests invariants that hold for any logits. A bound is a few units of f64 for numbers of the size of T^2 log C. */
class InvariantTest {

  private static final double BOUND = 1e-12;
  private static final int[] SIZES = {1, 2, 3, 10, 1000};

  static final Divergence[] DIVERGENCES = DefinitionTest.DIVERGENCES;

  private final SplittableRandom random = new SplittableRandom(3);

  @ParameterizedTest
  @FieldSource("DIVERGENCES")
  void theGradientSumsToZeroAndShiftsChangeNothing(Divergence divergence) {
    for (int classes : SIZES) {
      double[] z = logits(classes);
      double[] u = logits(classes);
      ReferenceRow row = compute(divergence, z, u, 0);
      if (divergence instanceof Divergence.LogitMse) {
        continue; // This divergence has no softmax.
      }
      double sum = 0;
      for (int i = 0; i < classes; i++) {
        sum += row.gradient(i);
      }
      assertThat(sum).isCloseTo(0, within(BOUND));
      double loss = row.loss();
      double first = row.gradient(0);
      ReferenceRow shifted = compute(divergence, plus(z, 1024), plus(u, -512), 0);
      assertThat(shifted.loss()).isCloseTo(loss, within(1024 * BOUND));
      assertThat(shifted.gradient(0)).isCloseTo(first, within(1024 * BOUND));
    }
  }

  @ParameterizedTest
  @FieldSource("DIVERGENCES")
  void renumberingTheClassesRenumbersTheGradient(Divergence divergence) {
    for (int classes : SIZES) {
      double[] z = logits(classes);
      double[] u = logits(classes);
      ReferenceRow row = compute(divergence, z, u, 0);
      ReferenceRow reversed = compute(divergence, reversed(z), reversed(u), classes - 1);
      assertThat(reversed.loss()).isCloseTo(row.loss(), within(BOUND));
      for (int i = 0; i < classes; i++) {
        assertThat(reversed.gradient(classes - 1 - i)).isCloseTo(row.gradient(i), within(BOUND));
      }
    }
  }

  @ParameterizedTest
  @FieldSource("DIVERGENCES")
  void divergencesStayInTheirRange(Divergence divergence) {
    for (double scale = 1e-9; scale < 1e4; scale *= 10) {
      double[] z = logits(10);
      double[] u = z.clone();
      for (int i = 0; i < u.length; i++) {
        u[i] += scale * random.nextDouble(-1, 1);
      }
      double value = compute(divergence, z, u, 0).soft() / (2.5 * 2.5);
      assertThat(value).isNotNegative();
      if (divergence instanceof Divergence.JensenShannon(double beta) && beta == 0.5) {
        assertThat(value).isLessThanOrEqualTo(Math.log(2) * (1 + 1e-15));
      }
      if (divergence instanceof Divergence.TotalVariation) {
        assertThat(value).isLessThanOrEqualTo(1 + 1e-15);
      }
    }
  }

  private static ReferenceRow compute(Divergence divergence, double[] z, double[] u, int label) {
    DistillationLoss loss =
        DistillationLoss.builder().divergence(divergence).temperature(2.5).hardWeight(0.5).labelSmoothing(0.1).build();
    ReferenceRow row = new ReferenceRow(loss, z.length);
    row.compute(z, u, label, 2.5);
    return row;
  }

  private double[] logits(int classes) {
    return random.doubles(classes, -5, 5).toArray();
  }

  private static double[] plus(double[] x, double shift) {
    double[] sum = x.clone();
    for (int i = 0; i < x.length; i++) {
      sum[i] += shift;
    }
    return sum;
  }

  private static double[] reversed(double[] x) {
    double[] reversed = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      reversed[i] = x[x.length - 1 - i];
    }
    return reversed;
  }
}
