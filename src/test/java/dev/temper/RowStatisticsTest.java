package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Tests that row statistics are bound to the engine, the loss and the shapes of the forward call that saved them. */
class RowStatisticsTest extends EachDevice {

  private static final DistillationLoss LOSS =
      DistillationLoss.builder().temperature(2).softWeight(0.75).hardWeight(0.25).build();
  private static final LossInputs INPUTS = LossInputs.of(matrix(3)).withTeacher(Teacher.logits(matrix(3)))
      .withLabels(RowVector.labels(0, 1, -100));

  @Test
  void aBackwardCallWithAnotherLossIsRefusedByWhatDiffers() {
    try (RowStatistics statistics = saved()) {
      assertRefused(statistics, loss -> loss.temperature(3), "temperature was 2.0, but here it is 3.0");
      assertRefused(statistics, loss -> loss.softWeight(0.5), "softWeight was 0.75, but here it is 0.5");
      assertRefused(statistics, loss -> loss.hardWeight(1), "hardWeight was 0.25, but here it is 1.0");
      assertRefused(statistics, loss -> loss.divergence(Divergence.jensenShannon(0.5)),
          "divergence was forward-kl, but here it is jsd:0.5");
      assertRefused(statistics, loss -> loss.numClasses(3), "numClasses was absent, but here it is 3");
      assertRefused(statistics, loss -> loss.ignoreIndex(-1), "ignoreIndex was -100, but here it is -1");
      assertRefused(statistics, loss -> loss.reduction(Reduction.SUM), "reduction was mean, but here it is sum");
      assertRefused(statistics, loss -> loss.temperatureScaling(false),
          "temperatureScaling was true, but here it is false");
      engine().backward(LOSS, INPUTS.withGradientScale(8), statistics, gradient(3));
    }
  }

  @Test
  void aBackwardCallWithOtherInputsIsRefusedByWhatDiffers() {
    try (RowStatistics statistics = saved(); RowStatistics two = engine().allocateStatistics(2)) {
      assertRefused(INPUTS.withRowTemperatures(RowVector.temperatures(1, 1, 1)), statistics,
          "rowTemperatures was absent, but here it is given");
      assertRefused(INPUTS.withRowWeights(RowVector.weights(1, 1, 1)), statistics,
          "rowWeights was absent, but here it is given");
      LossInputs soft = INPUTS.withTeacher(Teacher.logits(HostMatrix.of(new float[15], 3, 5)));
      DistillationLoss padded = LOSS.toBuilder().numClasses(4).build();
      engine().forward(padded, INPUTS, LossOutputs.none().withStatistics(statistics)).totals();
      assertThatThrownBy(() -> engine().backward(padded, soft, statistics, gradient(3)))
          .hasMessageContaining("teacher was [3, 4] F32, but here it is [3, 5] F32");
      assertRefused(INPUTS, two, "statistics have 2 rows, expected the student's 3");
    }
  }

  @Test
  void statisticsThatAreEmptyClosedOrOfAnotherEngineAreRefused() {
    RowStatistics statistics = engine().allocateStatistics(3);
    assertThat(statistics).hasToString("statistics of 3 rows on " + engine().device() + ", empty");
    assertRefused(INPUTS, statistics, "statistics are empty, expected those of a forward call");
    LossInputs bad = INPUTS.withLabels(RowVector.labels(0, 1, 9));
    LossOutputs saving = LossOutputs.none().withStatistics(statistics);
    assertThatThrownBy(() -> engine().forward(LOSS, bad, saving).totals()).hasMessageContaining("row 2 has label 9");
    engine().forward(LOSS, INPUTS, saving).totals();
    engine().backward(LOSS, INPUTS, statistics, gradient(3));
    try (LossEngine other = LossEngine.open("reference")) {
      assertThatThrownBy(() -> other.backward(LOSS, INPUTS, statistics, gradient(3)))
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("statistics belong to another engine");
      assertThatThrownBy(() -> other.forward(LOSS, INPUTS, saving))
          .hasMessageContaining("statistics belong to another engine");
    }
    statistics.close();
    statistics.close();
    assertRefused(INPUTS, statistics, "statistics are closed");
    assertThatThrownBy(() -> engine().forward(LOSS, INPUTS, saving)).hasMessageContaining("statistics are closed");
    assertThat(statistics).hasToString("statistics of 3 rows on " + engine().device() + ", closed");
    assertThatThrownBy(() -> engine().allocateStatistics(-1)).hasMessageContaining("rows is -1, expected 0 or more");
    engine().allocateStatistics(0).close();
  }

  @Test
  void eachLaunchOfAPreparedLossSavesThem() {
    RowStatistics statistics = engine().allocateStatistics(3);
    try (PreparedLoss prepared = engine().prepare(LOSS, INPUTS, LossOutputs.none().withStatistics(statistics))) {
      assertRefused(INPUTS, statistics, "statistics are empty");
      prepared.launch();
      prepared.totals();
      engine().backward(LOSS, INPUTS, statistics, gradient(3));
      assertRefused(statistics, loss -> loss.temperature(3), "temperature was 2.0, but here it is 3.0");
      statistics.close();
      assertThatThrownBy(prepared::launch).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("statistics are closed");
    }
  }

  private RowStatistics saved() {
    RowStatistics statistics = engine().allocateStatistics(3);
    engine().forward(LOSS, INPUTS, LossOutputs.none().withStatistics(statistics)).totals();
    return statistics;
  }

  private void assertRefused(RowStatistics statistics, UnaryOperator<DistillationLoss.Builder> change, String words) {
    DistillationLoss other = change.apply(LOSS.toBuilder()).build();
    assertThatThrownBy(() -> engine().backward(other, INPUTS, statistics, gradient(3)))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(words);
  }

  private void assertRefused(LossInputs inputs, RowStatistics statistics, String words) {
    assertThatThrownBy(() -> engine().backward(LOSS, inputs, statistics, gradient(3)))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(words);
  }

  private static LossOutputs gradient(int rows) {
    return LossOutputs.gradient(HostMatrix.of(new float[rows * 4], rows, 4));
  }

  private static HostMatrix matrix(int rows) {
    float[] values = new float[rows * 4];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % 3;
    }
    return HostMatrix.of(values, rows, 4);
  }
}
