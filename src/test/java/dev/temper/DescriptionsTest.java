package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Tests that losses, inputs, outputs and options are values, which are equal by content and have a readable text. */
class DescriptionsTest {

  private static final HostMatrix MATRIX = HostMatrix.of(new float[6], 2, 3);

  @Test
  void eachOptionMakesAnotherLoss() {
    List<DistillationLoss> losses = new ArrayList<>(Stream.of(builder(), builder().divergence(Divergence.reverseKl()),
        builder().temperature(2), builder().teacherTemperature(3), builder().softWeight(0.5), builder().hardWeight(0.5),
        builder().labelSmoothing(0.1), builder().softcap(30), builder().ignoreIndex(0), builder().numClasses(3),
        builder().teacherSoftcap(30), builder().standardise(true), builder().zLoss(1e-4),
        builder().softValue(SoftValue.CROSS_ENTROPY), builder().ignoreScope(IgnoreScope.HARD),
        builder().reduction(Reduction.NONE), builder().temperatureScaling(false)).map(DistillationLoss.Builder::build)
        .toList());
    assertThat(losses).doesNotHaveDuplicates();
    long options = Stream.of(DistillationLoss.Builder.class.getDeclaredMethods())
        .filter(method -> method.getReturnType() == DistillationLoss.Builder.class).count();
    assertThat(losses).as("every option of the builder is here").hasSize((int) options + 1);
    assertThat(losses.stream().map(loss -> loss.toBuilder().build())).isEqualTo(losses);
    assertThat(new HashSet<>(losses)).containsAll(losses.stream().map(loss -> loss.toBuilder().build()).toList());
  }

  @Test
  void aLossIsReadAsItsOptions() {
    assertThat(DistillationLoss.hinton(2, 0.75)).hasToString("DistillationLoss{divergence=forward-kl, temperature=2.0, "
        + "softWeight=0.75, "
        + "hardWeight=0.25, labelSmoothing=0.0, ignoreIndex=-100, reduction=mean, temperatureScaling=true}");
    assertThat(builder().softcap(30).reduction(Reduction.NONE).build().toString())
        .contains("softcap=30.0", "reduction=none");
  }

  @Test
  void eachInputMakesOtherInputs() {
    LossInputs none = LossInputs.of(MATRIX);
    List<LossInputs> inputs = List.of(none, none.withStudent(HostMatrix.of(new float[6], 3, 2)),
        none.withTeacher(Teacher.logits(MATRIX)), none.withLabels(RowVector.labels(1, 2)),
        none.withRowWeights(RowVector.weights(1, 2)), none.withRowTemperatures(RowVector.temperatures(1, 2)),
        none.withDenominator(2), none.withSoftDenominator(Denominator.of(2)),
        none.withHardDenominator(Denominator.of(2)), none.withDenominator(Denominator.at(64)),
        none.withGradientScale(3));
    assertThat(inputs).doesNotHaveDuplicates();
    assertThat(none.withTeacher(Teacher.logits(MATRIX))).isEqualTo(inputs.get(2)).hasSameHashCodeAs(inputs.get(2));
    assertThat(inputs.get(2).withDenominator(5)).hasToString("LossInputs{student=[2, 3] F32 in host memory, "
        + "teacher=logits [2, 3] F32 in host memory, denominator=5.0, gradientScale=1.0}");
  }

  @Test
  void eachOutputMakesOtherOutputs() {
    RowVector losses = RowVector.losses(new float[2]);
    try (LossEngine engine = LossEngine.open("reference"); RowStatistics statistics = engine.allocateStatistics(2)) {
      List<LossOutputs> outputs = List.of(LossOutputs.none(), LossOutputs.gradient(MATRIX),
          LossOutputs.gradientInPlace(MATRIX), LossOutputs.gradientAddedTo(MATRIX),
          LossOutputs.none().withTemperatureGradient(),
          LossOutputs.none().withRow(RowOutput.LABEL_LOG_PROB, losses),
          LossOutputs.none().withRow(RowOutput.STUDENT_ENTROPY, losses),
          LossOutputs.none().withRow(RowOutput.TEACHER_ENTROPY, losses),
          LossOutputs.none().withRowSoft(losses), LossOutputs.none().withRowHard(losses),
          LossOutputs.none().withStatistics(statistics));
      assertThat(outputs).doesNotHaveDuplicates();
      assertThat(LossOutputs.gradientInPlace(MATRIX)).isEqualTo(outputs.get(2)).hasSameHashCodeAs(outputs.get(2));
      assertThat(outputs.get(2).withStatistics(statistics)).hasToString(
          "LossOutputs{gradientInPlace=[2, 3] F32 in host memory, "
              + "statistics=statistics of 2 rows on reference, empty}");
    }
  }

  @Test
  void viewsResultsAndEnginesAreReadable() {
    assertThat(new DeviceMatrix(0x7f00, 2, 3, 4, DType.BF16))
        .hasToString("[2, 3] BF16 with row stride 4 at device address 0x7f00");
    assertThat(RowVector.labels(1, 2)).hasToString("[2] I32 in host memory").isNotEqualTo(RowVector.labels(1, 2));
    assertThat(RowVector.labelsAt(64, 2, DType.I64)).hasToString("[2] I64 at device address 0x40")
        .isEqualTo(RowVector.labelsAt(64, 2, DType.I64)).isNotEqualTo(RowVector.labelsAt(64, 2, DType.I32));
    assertThat(EngineOptions.defaults().withThreads(2)).hasToString("EngineOptions[threads=2, stream=own]")
        .isEqualTo(EngineOptions.defaults().withThreads(2)).isNotEqualTo(EngineOptions.defaults().withThreads(2)
        .withStream(0));
    try (LossEngine engine = LossEngine.open("reference")) {
      assertThat(engine).hasToString("LossEngine[reference (f64, one thread, slow)]");
      LossResult result = engine.forward(builder().build(), LossInputs.of(MATRIX).withTeacher(Teacher.logits(MATRIX)));
      assertThat(result).hasToString("LossResult[LossTotals[total=0.0, soft=0.0, hard=0.0, rows=2, countedRows=2, "
          + "nonFiniteRows=0]]");
    }
  }

  private static DistillationLoss.Builder builder() {
    return DistillationLoss.builder();
  }
}
