package dev.temper.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LinearHead;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.RowStatistics;
import dev.temper.RowVector;
import dev.temper.Teacher;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests that calls with unfitting heads are refused with the names and shapes of their tensors. */
class HeadRefusalsTest {

  private static final DistillationLoss LOSS = DistillationLoss.hinton(2, 0.7);

  private final HeadBatch batch = HeadBatch.of(3, DType.F32, 1);
  private final LossEngine engine = LossEngine.open("reference");

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void shapesAndDtypesOfHeads() {
    assertThatThrownBy(() -> LinearHead.of(HeadBatch.zeros(0, 4, DType.F32))).hasMessageContaining("[0, 4] F32");
    assertThatThrownBy(() -> LinearHead.of(batch.weight).withBias(HeadBatch.zeros(1, 36, DType.F32)))
        .hasMessageContainingAll("[1, 36] F32", "expected [1, 37] F32");
    assertThatThrownBy(() -> LinearHead.of(batch.weight).withBias(HeadBatch.zeros(1, 37, DType.BF16)))
        .hasMessageContainingAll("[1, 37] BF16", "expected [1, 37] F32");
  }

  @Test
  void hiddenStatesThatDoNotFitTheirHead() {
    LinearHead head = LinearHead.of(batch.weight);
    assertRefused(LossInputs.hidden(batch.teacherHidden, head), LossOutputs.none(),
        "student_hidden is [3, 11] F32 and student_weight [37, 7] F32", "as many features");
    assertRefused(LossInputs.hidden(HeadBatch.zeros(3, 7, DType.BF16), head), LossOutputs.none(),
        "student_hidden has dtype BF16 and student_weight F32");
    assertRefused(batch.inputs().withTeacher(Teacher.hidden(batch.hidden, LinearHead.of(batch.teacherWeight))),
        LossOutputs.none(), "teacher_hidden is [3, 7] F32 and teacher_weight [37, 11] F32");
    assertRefused(batch.inputs().withStudent(new HostMatrix(batch.hidden.segment(), 3, 7, 0, DType.F32)),
        LossOutputs.none(), "student_hidden has row stride 0");
  }

  @Test
  void headsOfDifferentClasses() {
    LinearHead narrow = LinearHead.of(HeadBatch.zeros(30, 11, DType.F32));
    LossInputs inputs = batch.inputs().withTeacher(Teacher.hidden(batch.teacherHidden, narrow));
    assertRefused(inputs, LossOutputs.none(), "student has 37 classes and the head of the teacher 30", "numClasses",
        "at most 30");
    assertThatThrownBy(() -> engine.forward(LOSS.toBuilder().numClasses(38).build(), batch.inputs()))
        .hasMessageContainingAll("numClasses is 38", "the head of the student has only 37 columns");
    assertThat(engine.forward(LOSS.toBuilder().numClasses(20).build(), inputs.withLabels(null).withLabels(
        RowVector.labels(1, 2, 3))).total()).isPositive();
  }

  @Test
  void gradientsThatDoNotFit() {
    assertRefused(batch.inputs(), LossOutputs.none().withWeightGradient(batch.hidden),
        "gradient_weight is [3, 7] F32, expected the shape of student_weight: [37, 7]");
    assertRefused(batch.inputs(), LossOutputs.none().withWeightGradient(HeadBatch.zeros(37, 7, DType.F16)),
        "gradient_weight has dtype F16, expected F32");
    LossInputs withoutBias = LossInputs.hidden(batch.hidden, LinearHead.of(batch.weight))
        .withTeacher(batch.inputs().teacher()).withLabels(batch.inputs().labels());
    assertRefused(withoutBias, batch.outputs(), "gradient_bias is given, but the head of the student has no bias");
    LossInputs logits = LossInputs.of(HeadBatch.zeros(3, 37, DType.F32)).withLabels(batch.inputs().labels());
    assertRefused(logits.withTeacher(Teacher.logits(HeadBatch.zeros(3, 37, DType.F32))),
        LossOutputs.none().withWeightGradient(batch.weightGradient), "gradient_weight is given", "have no head");
    assertRefused(logits.withTeacher(batch.inputs().teacher()), LossOutputs.none(),
        "the teacher is given by hidden states, but the student by logits");
  }

  @Test
  void outputsThatOverlap() {
    assertRefused(batch.inputs(), LossOutputs.gradient(batch.hidden), "gradient overlaps student_hidden");
    assertRefused(batch.inputs(), LossOutputs.none().withWeightGradient(batch.weight),
        "gradient_weight overlaps student_weight");
    assertRefused(batch.inputs(), LossOutputs.none().withBiasGradient(batch.teacherBias),
        "gradient_bias overlaps teacher_bias");
    assertRefused(batch.inputs(), LossOutputs.gradient(batch.hiddenGradient)
        .withWeightGradient(HostMatrix.of(batch.weightGradient.segment(), 37, 7, DType.F32))
        .withBiasGradient(HostMatrix.of(batch.weightGradient.segment().asSlice(0, 37 * 4), 1, 37, DType.F32)),
        "gradient_bias overlaps gradient_weight");
  }

  @Test
  void methodsThatNeedLogits() {
    try (RowStatistics statistics = engine.allocateStatistics(3)) {
      assertRefused(batch.inputs(), LossOutputs.none().withStatistics(statistics), "statistics are kept of logits");
      assertThatThrownBy(() -> engine.backward(LOSS, batch.inputs(), statistics, batch.outputs()))
          .hasMessageContainingAll("backward needs the logits of the student", "forwardBackward");
    }
    assertThatThrownBy(() -> engine.forward(LOSS, batch.inputs(), batch.outputs()))
        .hasMessageContaining("forward writes no gradient");
    assertThatThrownBy(() -> engine.diagnostics().plans(LOSS, batch.inputs(), batch.outputs()))
        .hasMessageContaining("needs the logits of the student");
  }

  private void assertRefused(LossInputs inputs, LossOutputs outputs, String... parts) {
    assertThatThrownBy(() -> {
      if (outputs.hasGradient()) {
        engine.forwardBackward(LOSS, inputs, outputs);
      } else {
        engine.forward(LOSS, inputs, outputs);
      }
    }).isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll(parts);
  }
}
