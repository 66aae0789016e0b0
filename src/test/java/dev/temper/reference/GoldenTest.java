package dev.temper.reference;

import static dev.temper.reference.ComputedRow.compute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Compares with numbers from 30-digit arithmetic. A bound is half a unit of the last given digit plus a small margin
 * for f64.
 */
class GoldenTest {

  private static final double[] TEACHER = {2, 1, 0.5};
  private static final double[] STUDENT = {1, 2, 0};

  @Test
  void crossEntropyOfA() {
    assertThat(hardOf(DistillationLoss.builder().softWeight(0).hardWeight(1)))
        .isCloseTo(1.40760596444438, within(6e-15));
  }

  @ParameterizedTest
  @CsvSource({"1, 0.410667193509093", "2, 0.399484787456158", "4, 0.383443716947531", "10, 0.370725940424603"})
  void forwardKlOfA(double temperature, double expected) {
    assertThat(soft(Divergence.forwardKl(), temperature)).isCloseTo(expected, within(6e-16));
  }

  @Test
  void reverseKlAndJensenShannonOfA() {
    assertThat(soft(Divergence.reverseKl(), 4)).isCloseTo(0.395115495755633, within(1e-15));
    assertThat(soft(Divergence.jensenShannon(0.5), 4)).isCloseTo(0.0970563142126428, within(1e-15));
  }

  @Test
  void gradientOfForwardKlOfA() {
    ReferenceRow row = compute(DistillationLoss.builder().temperature(4).build(), STUDENT, TEACHER);
    assertThat(row.gradient(0)).isCloseTo(-0.316017435223, within(5e-13));
    assertThat(row.gradient(1)).isCloseTo(0.413700330061, within(5e-13));
    assertThat(row.gradient(2)).isCloseTo(-0.0976828948383, within(5e-14));
  }

  @Test
  void theTwoConventionsOfAWeightOfThreeTenths() {
    assertThat(compute(DistillationLoss.hinton(4, 0.3), STUDENT, TEACHER).loss()).isCloseTo(1.1003573, within(5e-8));
    assertThat(compute(DistillationLoss.hinton(4, 0.7), STUDENT, TEACHER).loss()).isCloseTo(0.6906924, within(5e-8));
  }

  @Test
  void twoClassesOfB() {
    double[] p = {Math.log(0.9), Math.log(0.1)};
    double[] q = {Math.log(0.1), Math.log(0.9)};
    assertThat(soft(Divergence.forwardKl(), q, p)).isCloseTo(1.757779661869, within(5e-13));
    assertThat(soft(Divergence.jensenShannon(0.5), q, p)).isCloseTo(0.368064207169, within(6e-13));
    assertThat(soft(Divergence.jensenShannon(0.1), q, p)).isCloseTo(0.146310513419, within(6e-13));
    assertThat(soft(Divergence.jensenShannon(0.9), q, p)).isCloseTo(0.146310513419, within(6e-13));
  }

  @ParameterizedTest
  @CsvSource({"1, 0.6285317, 0.2312239, 0.1402444", "4, 0.4055002, 0.3158039, 0.2786959",
      "10, 0.3615923, 0.3271823, 0.3112254"})
  void softmaxOfC(double temperature, double first, double second, double third) {
    Offset<Double> lastDigit = within(5.1e-8);
    Softmax softmax = new Softmax(3);
    softmax.set(TEACHER, temperature);
    assertThat(softmax.probability[0]).isCloseTo(first, lastDigit);
    assertThat(softmax.probability[1]).isCloseTo(second, lastDigit);
    assertThat(softmax.probability[2]).isCloseTo(third, lastDigit);
  }

  @Test
  void atHighTemperatureTheKlIsTheCentredLogitMseOfD() {
    assertThat(soft(Divergence.forwardKl(), 1e6)).isCloseTo(0.3611112, within(5e-8));
    ReferenceRow row = compute(DistillationLoss.builder().temperature(1e6).build(), STUDENT, TEACHER);
    double[] difference = {-1, 1, -0.5};
    for (int i = 0; i < 3; i++) {
      assertThat(row.gradient(i)).isCloseTo((difference[i] + 0.5 / 3) / 3, within(1e-6));
    }
  }

  private static double soft(Divergence divergence, double temperature) {
    return compute(DistillationLoss.builder().divergence(divergence).temperature(temperature).build(), STUDENT, TEACHER)
        .soft();
  }

  private static double soft(Divergence divergence, double[] student, double[] teacher) {
    return compute(DistillationLoss.builder().divergence(divergence).build(), student, teacher).soft();
  }

  private static double hardOf(DistillationLoss.Builder loss) {
    return compute(loss.build(), STUDENT, TEACHER).hard();
  }
}
