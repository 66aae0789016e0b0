package dev.temper.reference;

import static dev.temper.reference.ComputedRow.compute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.RowOutput;
import dev.temper.SoftValue;
import org.junit.jupiter.api.Test;

/** Tests the outputs of a row other than its losses. */
class RowOutputsTest {

  private static final double ABSENT = Double.NEGATIVE_INFINITY;
  private static final double TINY = 1e-15;
  private static final double[] Z = {0, Math.log(2), Math.log(5)};
  private static final double[] U = {0, 0, Math.log(2)};

  @Test
  void theLabelLogProbabilityIsAtTemperatureOneWhateverTheSmoothing() {
    DistillationLoss loss =
        DistillationLoss.builder().temperature(3).hardWeight(1).labelSmoothing(0.3).zLoss(1).build();
    assertThat(compute(loss, Z, U, 1).value(RowOutput.LABEL_LOG_PROB)).isCloseTo(Math.log(2 / 8.0), within(TINY));
  }

  @Test
  void theLabelLogProbabilityNeedsNoHardPart() {
    DistillationLoss loss = DistillationLoss.builder().divergence(Divergence.reverseKl()).build();
    assertThat(compute(loss, Z, U, 2).value(RowOutput.LABEL_LOG_PROB)).isCloseTo(Math.log(5 / 8.0), within(TINY));
    assertThat(compute(loss, new double[] {0, 0, ABSENT}, U, 2).value(RowOutput.LABEL_LOG_PROB)).isEqualTo(ABSENT);
    assertThat(compute(loss, Z, U, ReferenceRow.NO_LABEL).value(RowOutput.LABEL_LOG_PROB)).isZero();
  }

  @Test
  void entropiesAreAtTheTemperatures() {
    DistillationLoss loss = DistillationLoss.builder().build();
    double student = -(1 / 8.0 * Math.log(1 / 8.0) + 2 / 8.0 * Math.log(2 / 8.0) + 5 / 8.0 * Math.log(5 / 8.0));
    double teacher = 0.5 * Math.log(4) + 0.5 * Math.log(2);
    ReferenceRow row = compute(loss, Z, U, 0);
    assertThat(row.value(RowOutput.STUDENT_ENTROPY)).isCloseTo(student, within(TINY));
    assertThat(row.value(RowOutput.TEACHER_ENTROPY)).isCloseTo(teacher, within(TINY));
    // At T = 1/2 the probabilities are squared.
    ReferenceRow sharp = compute(loss.toBuilder().temperature(0.5).build(), Z, U, 0);
    double squared = -(2 / 6.0 * Math.log(1 / 6.0) + 4 / 6.0 * Math.log(4 / 6.0));
    assertThat(sharp.value(RowOutput.TEACHER_ENTROPY)).isCloseTo(squared, within(TINY));
    ReferenceRow own = compute(loss.toBuilder().temperature(4).teacherTemperature(0.5).build(), Z, U, 0);
    assertThat(own.value(RowOutput.TEACHER_ENTROPY)).isCloseTo(squared, within(TINY));
  }

  @Test
  void entropiesAreThoseOfTheDistributionsThatAreCompared() {
    DistillationLoss capped = DistillationLoss.builder().softcap(1).teacherSoftcap(0.5).build();
    double[] z = Z.clone();
    double[] u = U.clone();
    Softcap.apply(z, 1);
    Softcap.apply(u, 0.5);
    ReferenceRow expected = compute(DistillationLoss.builder().build(), z, u, 0);
    ReferenceRow row = compute(capped, Z, U, 0);
    assertThat(row.value(RowOutput.STUDENT_ENTROPY)).isEqualTo(expected.value(RowOutput.STUDENT_ENTROPY));
    assertThat(row.value(RowOutput.TEACHER_ENTROPY)).isEqualTo(expected.value(RowOutput.TEACHER_ENTROPY));
    DistillationLoss standardised = DistillationLoss.builder().standardise(true).build();
    assertThat(compute(standardised, new double[] {3, 3, 3}, U, 0).value(RowOutput.STUDENT_ENTROPY))
        .isCloseTo(Math.log(3), within(TINY));
  }

  @Test
  void logitMseHasTheEntropiesAtTemperatureOne() {
    DistillationLoss loss = DistillationLoss.builder().divergence(Divergence.logitMse()).temperature(7).build();
    ReferenceRow expected = compute(DistillationLoss.builder().build(), Z, U, 0);
    assertThat(compute(loss, Z, U, 0).value(RowOutput.STUDENT_ENTROPY))
        .isEqualTo(expected.value(RowOutput.STUDENT_ENTROPY));
  }

  @Test
  void anAbsentClassHasNoEntropyAndANonFiniteRowHasNan() {
    DistillationLoss loss = DistillationLoss.builder().build();
    ReferenceRow row = compute(loss, new double[] {0, ABSENT, 0}, new double[] {0, 0, ABSENT}, 0);
    assertThat(row.value(RowOutput.STUDENT_ENTROPY)).isCloseTo(Math.log(2), within(TINY));
    assertThat(row.value(RowOutput.TEACHER_ENTROPY)).isCloseTo(Math.log(2), within(TINY));
    assertThat(compute(loss, new double[] {0, Double.NaN, 0}, U, 0).value(RowOutput.STUDENT_ENTROPY)).isNaN();
  }

  @Test
  void theSoftCrossEntropyIsTheKlAndTheEntropy() {
    DistillationLoss kl = DistillationLoss.builder().temperature(2).build();
    ReferenceRow row = compute(kl.toBuilder().softValue(SoftValue.CROSS_ENTROPY).build(), Z, U, 0);
    ReferenceRow plain = compute(kl, Z, U, 0);
    assertThat(row.soft()).isCloseTo(plain.soft() + 4 * plain.value(RowOutput.TEACHER_ENTROPY), within(4 * TINY));
    assertThat(row.gradient(1)).isEqualTo(plain.gradient(1));
  }

  @Test
  void theZLossIsPartOfTheHardValue() {
    DistillationLoss loss = DistillationLoss.builder().softWeight(0).hardWeight(1).build();
    double logSumExp = Math.log(8);
    assertThat(compute(loss.toBuilder().zLoss(0.5).build(), Z, U, 0).hard())
        .isCloseTo(compute(loss, Z, U, 0).hard() + 0.5 * logSumExp * logSumExp, within(4 * TINY));
  }
}
