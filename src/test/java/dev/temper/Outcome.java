package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

/** Holds the outputs of an engine for a {@link Batch}. */
final class Outcome {
  private final LossTotals totals;
  private final double[][] gradient;
  private final float[] soft;
  private final float[] hard;

  Outcome(LossTotals totals, double[][] gradient, float[] soft, float[] hard) {
    this.totals = totals;
    this.gradient = gradient;
    this.soft = soft;
    this.hard = hard;
  }

  LossTotals totals() {
    return totals;
  }

  double[][] gradient() {
    return gradient;
  }

  float[] soft() {
    return soft;
  }

  float[] hard() {
    return hard;
  }

  /** Compares all outputs of a row except the totals. NaN and infinities must occur in the expected places. */
  static void assertRow(Outcome actual, int row, Outcome expected, int expectedRow, double bound) {
    assertNear("soft", actual.soft[row], expected.soft[expectedRow], bound);
    assertNear("hard", actual.hard[row], expected.hard[expectedRow], bound);
    for (int i = 0; i < expected.gradient[expectedRow].length; i++) {
      assertNear("gradient of class " + i, actual.gradient[row][i], expected.gradient[expectedRow][i], bound);
    }
  }

  static void assertNear(String what, double actual, double expected, double bound) {
    if (Double.isFinite(expected)) {
      assertThat(actual).as(what).isCloseTo(expected, within(bound));
    } else {
      // The boxed comparison treats NaN as equal to NaN.
      assertThat((Double) actual).as(what).isEqualTo((Double) expected);
    }
  }
}
