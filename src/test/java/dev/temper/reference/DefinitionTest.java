package dev.temper.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares value and gradient of every divergence with its definition in 50-digit arithmetic. The expected gradient is
 * a difference quotient in this arithmetic.
 *
 * <p>The students range from far from their teacher to nearly equal.
 */
class DefinitionTest {

  private static final int CLASSES = 6;

  /** The step of the difference quotient, whose error is of the order of the squared step. */
  private static final BigDecimal STEP = new BigDecimal("1e-18");

  static final Divergence[] DIVERGENCES = {
    Divergence.forwardKl(), Divergence.reverseKl(), Divergence.mixed(0), Divergence.mixed(0.3), Divergence.mixed(1),
    Divergence.jensenShannon(0.1), Divergence.jensenShannon(0.5), Divergence.jensenShannon(0.9),
    Divergence.skewForwardKl(0), Divergence.skewForwardKl(0.1), Divergence.skewForwardKl(0.7),
    Divergence.skewReverseKl(0), Divergence.skewReverseKl(0.1), Divergence.skewReverseKl(0.7),
    Divergence.totalVariation(), Divergence.negativeLogAcceptance(), Divergence.logitMse(),
    Divergence.dkd(1, 8), Divergence.dkd(0.5, 0), Divergence.dkd(0, 2)
  };

  /** Mixtures that are nearly the student or nearly the teacher. */
  private static final List<Divergence> AT_THE_ENDS = List.of(Divergence.jensenShannon(1e-6),
      Divergence.jensenShannon(1 - 1e-6), Divergence.skewForwardKl(1e-6), Divergence.skewForwardKl(1 - 1e-6),
      Divergence.skewReverseKl(1e-6), Divergence.skewReverseKl(1 - 1e-6));

  static List<Arguments> cases() {
    List<Arguments> cases = new ArrayList<>();
    for (Divergence divergence : DIVERGENCES) {
      for (double distance : new double[] {20, 2, 0.3, 1e-3, 1e-6}) {
        cases.add(Arguments.of(divergence, distance, 2.5, 2.5));
      }
      cases.add(Arguments.of(divergence, 2, 1, 1));
      cases.add(Arguments.of(divergence, 2, 0.7, 1.9));
    }
    for (Divergence divergence : AT_THE_ENDS) {
      for (double distance : new double[] {20, 2, 0.3}) {
        cases.add(Arguments.of(divergence, distance, 2.5, 2.5));
      }
    }
    return cases;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void valueAndGradientFollowTheDefinition(Divergence divergence, double distance, double temperature,
      double teacherTemperature) {
    SplittableRandom random = new SplittableRandom(7);
    double[] z = new double[CLASSES];
    double[] u = new double[CLASSES];
    for (int i = 0; i < CLASSES; i++) {
      u[i] = (float) random.nextDouble(-3, 3);
      z[i] = (float) (u[i] + random.nextDouble(-distance, distance));
    }
    DistillationLoss loss = DistillationLoss.builder()
        .divergence(divergence).temperature(temperature).teacherTemperature(teacherTemperature).build();
    ReferenceRow row = new ReferenceRow(loss, CLASSES);
    row.compute(z, u, 0, temperature);

    double factor = divergence instanceof Divergence.LogitMse ? 1 : temperature * temperature;
    double expected = factor * definition(divergence, z, u, loss, -1, BigDecimal.ZERO).doubleValue();
    // The relative bound also holds for separate temperatures, because teacher and student are never nearly equal.
    assertThat(row.soft()).isCloseTo(expected, within(2e-14 * expected));
    double largest = 0;
    double[] gradient = new double[CLASSES];
    for (int i = 0; i < CLASSES; i++) {
      gradient[i] = factor * differenceQuotient(divergence, z, u, loss, i);
      largest = Math.max(largest, Math.abs(gradient[i]));
    }
    for (int i = 0; i < CLASSES; i++) {
      assertThat(row.gradient(i)).isCloseTo(gradient[i], within(2e-14 * largest));
    }
  }

  @ParameterizedTest
  @MethodSource("mixturesAndKls")
  void aClassOfNextToNoProbabilityShowsInTheGradientOfAllOthers(Divergence divergence) {
    double[] u = {0, -1, -28, 0.5, -0.25, 2};
    double[] z = u.clone();
    z[2] = -26;
    DistillationLoss loss = DistillationLoss.builder().divergence(divergence).build();
    ReferenceRow row = new ReferenceRow(loss, CLASSES);
    row.compute(z, u, 0, 1);
    for (int i = 0; i < CLASSES; i++) {
      double expected = differenceQuotient(divergence, z, u, loss, i);
      assertThat(row.gradient(i)).isCloseTo(expected, within(1e-11 * Math.abs(expected)));
    }
  }

  static List<Divergence> mixturesAndKls() {
    return List.of(Divergence.forwardKl(), Divergence.reverseKl(), Divergence.jensenShannon(0.5));
  }

  /** Returns {@code dD/dz} of a class. */
  private static double differenceQuotient(Divergence divergence, double[] z, double[] u, DistillationLoss loss,
      int moved) {
    BigDecimal above = definition(divergence, z, u, loss, moved, STEP);
    BigDecimal below = definition(divergence, z, u, loss, moved, STEP.negate());
    return above.subtract(below).doubleValue() / (2 * STEP.doubleValue());
  }

  private static BigDecimal definition(
      Divergence divergence, double[] z, double[] u, DistillationLoss loss, int moved, BigDecimal step) {
    BigDecimal[] student = new BigDecimal[CLASSES];
    BigDecimal[] teacher = new BigDecimal[CLASSES];
    for (int i = 0; i < CLASSES; i++) {
      student[i] = i == moved ? Decimals.of(z[i]).add(step) : Decimals.of(z[i]);
      teacher[i] = Decimals.of(u[i]);
    }
    return Decimals.divergence(divergence, student, teacher, Decimals.of(loss.temperature()),
        Decimals.of(loss.teacherTemperature().orElse(loss.temperature())));
  }
}
