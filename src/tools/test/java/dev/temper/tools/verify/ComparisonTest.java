package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ComparisonTest {

  private static final double NAN = Double.NaN;
  private static final double INFINITY = Double.POSITIVE_INFINITY;

  @Test
  void nonFiniteValuesMatchTheirOwnKindOnly() {
    assertThat(holds(NAN, NAN, DType.F32)).isTrue();
    assertThat(holds(INFINITY, INFINITY, DType.F32)).isTrue();
    assertThat(holds(-INFINITY, INFINITY, DType.F32)).isFalse();
    assertThat(holds(INFINITY, NAN, DType.F32)).isFalse();
    assertThat(holds(0, NAN, DType.F32)).isFalse();
    assertThat(holds(NAN, 0, DType.F32)).isFalse();
    assertThat(holds(INFINITY, 1, DType.F32)).isFalse();
    assertThat(holds(1, INFINITY, DType.F32)).isFalse();
  }

  @Test
  void resultsBeyondTheRangeAreInfinite() {
    assertThat(holds(INFINITY, 70000, DType.F16)).isTrue();
    assertThat(holds(-INFINITY, -70000, DType.F16)).isTrue();
    assertThat(holds(INFINITY, -70000, DType.F16)).isFalse();
    assertThat(holds(65504, 70000, DType.F16)).isFalse();
    assertThat(holds(INFINITY, 60000, DType.F16)).isFalse();
    assertThat(holds(INFINITY, 70000, DType.F32)).isFalse();
  }

  @Test
  void oneRoundingOfTheOutputIsAllowedAndNoMore() {
    assertThat(holds(1 + 0x1p-24, 1, DType.F32)).isTrue();
    assertThat(holds(1 + 0x1p-23, 1, DType.F32)).isFalse();
    assertThat(holds(1 + 0x1p-8, 1, DType.BF16)).isTrue();
    assertThat(holds(1 + 0x1p-7, 1, DType.BF16)).isFalse();
  }

  @Test
  void aBoundThatIsNoNumberFails() {
    Comparison comparison = new Comparison();
    comparison.within("value", 1, 1, NAN);
    comparison.within("value", 1, 1, INFINITY);
    assertThat(comparison.mismatchCount()).isEqualTo(2);
  }

  @Test
  void theFirstFiveMismatchesAreKeptAndAllAreCounted() {
    Comparison comparison = new Comparison();
    comparison.within("gradient", new double[12], filled(12, 0.5), new double[12], DType.F32, 4);
    assertThat(comparison.mismatches()).hasSize(5).first().asString()
        .isEqualTo("gradient[0, 0]: found 0.00000000, expected 0.500000000, error 0.500, bound 2.98e-08");
    assertThat(comparison.mismatchCount()).isEqualTo(12);
    assertThat(comparison.mismatches().get(4)).startsWith("gradient[1, 0]");
  }

  @Test
  void theWorstElementIsTheOneNearestItsBound() {
    Comparison comparison = new Comparison();
    comparison.within("a", 2, 1, 10);
    comparison.within("b", 1.5, 1, 1);
    assertThat(Objects.requireNonNull(comparison.worst()).what()).isEqualTo("b");
    assertThat(Objects.requireNonNull(comparison.worst()).share()).isEqualTo(0.5);
  }

  @Test
  void sameMeansTheSameBits() {
    Comparison comparison = new Comparison();
    comparison.same("value", NAN, NAN);
    assertThat(comparison.holds()).isTrue();
    comparison.same("value", -0.0, 0.0);
    comparison.same("value", Math.nextUp(1.0), 1.0);
    assertThat(comparison.mismatchCount()).isEqualTo(2);
  }

  private static boolean holds(double found, double expected, DType dtype) {
    Comparison comparison = new Comparison();
    comparison.within("value", new double[] {found}, new double[] {expected}, new double[1], dtype, 1);
    return comparison.holds();
  }

  private static double[] filled(int count, double value) {
    double[] values = new double[count];
    Arrays.fill(values, value);
    return values;
  }
}
