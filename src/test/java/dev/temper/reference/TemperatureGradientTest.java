package dev.temper.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.SoftValue;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests that {@code dL/dT} is the derivative of the soft part with respect to the temperature. */
class TemperatureGradientTest {

  private static final double[] Z = {1, 2, 0, -1.5, 3};
  private static final double[] U = {2, 1, 0.5, -3, 2.5};
  private static final double STEP = 1e-3;

  private static final Map<String, UnaryOperator<DistillationLoss.Builder>> OPTIONS = new LinkedHashMap<>();

  static {
    OPTIONS.put("plain", b -> b);
    OPTIONS.put("no scaling", b -> b.temperatureScaling(false));
    OPTIONS.put("teacher temperature", b -> b.teacherTemperature(1.4));
    OPTIONS.put("teacher temperature without scaling", b -> b.teacherTemperature(1.4).temperatureScaling(false));
    OPTIONS.put("softcaps", b -> b.softcap(3).teacherSoftcap(2));
    OPTIONS.put("standardised", b -> b.standardise(true));
    OPTIONS.put("soft cross-entropy", b -> b.softValue(SoftValue.CROSS_ENTROPY));
    OPTIONS.put("soft cross-entropy and teacher temperature",
        b -> b.softValue(SoftValue.CROSS_ENTROPY).teacherTemperature(1.4));
    OPTIONS.put("soft cross-entropy without scaling",
        b -> b.softValue(SoftValue.CROSS_ENTROPY).temperatureScaling(false));
  }

  static Set<String> options() {
    return OPTIONS.keySet();
  }

  @ParameterizedTest
  @MethodSource("options")
  void itIsTheDerivativeOfTheSoftPart(String option) {
    DistillationLoss loss = Objects.requireNonNull(OPTIONS.get(option)).apply(DistillationLoss.builder()).build();
    for (double temperature : new double[] {0.7, 1, 2.5}) {
      double near = soft(loss, temperature + STEP) - soft(loss, temperature - STEP);
      double far = soft(loss, temperature + 2 * STEP) - soft(loss, temperature - 2 * STEP);
      assertThat(row(loss, Z, U, temperature).temperatureGradient())
          .isCloseTo((8 * near - far) / (12 * STEP), within(1e-10));
    }
  }

  @Test
  void itIsExactlyZeroForAStudentThatEqualsItsTeacher() {
    DistillationLoss loss = DistillationLoss.builder().build();
    assertThat(row(loss, Z, Z, 2).temperatureGradient()).isZero();
  }

  @Test
  void absentClassesAddNothing() {
    double absent = Double.NEGATIVE_INFINITY;
    DistillationLoss loss = DistillationLoss.builder().build();
    double[] z = {1, absent, 2, 0, -1.5, 3};
    double[] u = {2, absent, 1, 0.5, -3, 2.5};
    assertThat(row(loss, z, u, 2).temperatureGradient())
        .isCloseTo(row(loss, Z, U, 2).temperatureGradient(), within(1e-14));
    // The teacher alone lacks a class: p = 0 there.
    assertThat(row(loss, Z, new double[] {2, absent, 0.5, -3, 2.5}, 2).temperatureGradient()).isFinite();
  }

  @Test
  void anInfiniteSoftPartHasNone() {
    DistillationLoss loss = DistillationLoss.builder().build();
    double[] z = {1, Double.NEGATIVE_INFINITY, 0, 1, 2};
    assertThat(row(loss, z, U, 2).temperatureGradient()).isNaN();
  }

  private static double soft(DistillationLoss loss, double temperature) {
    return row(loss, Z, U, temperature).soft();
  }

  private static ReferenceRow row(DistillationLoss loss, double[] z, double[] u, double temperature) {
    ReferenceRow row = new ReferenceRow(loss, z.length);
    row.compute(z, u, 0, temperature);
    return row;
  }
}
