package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.LinearHead;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.Teacher;

/**
 * Hidden states of a student and a teacher, the weights of their heads, labels, and memory of both gradients. The
 * weights are scaled by a power of two, so that the logits have about the spread of a language model's.
 *
 * @param hidden [rows, features]
 * @param weight [classes, features]
 * @param teacherHidden [rows, teacher features]
 * @param teacherWeight [classes, teacher features]
 * @param labels [rows]
 * @param hiddenGradient [rows, features] of the same dtype
 * @param weightGradient [classes, features] F32
 */
record HiddenBatch(MatrixView hidden, MatrixView weight, MatrixView teacherHidden, MatrixView teacherWeight,
    RowVector labels, MatrixView hiddenGradient, MatrixView weightGradient) {

  /** The numbers of the batches of {@link GeneratedLogits} that give hidden states and weights. */
  private static final int HIDDEN = 0;
  private static final int WEIGHT = 1;

  static HiddenBatch of(BatchMemory memory, HeadShape shape, DType dtype) {
    BatchShape states = new BatchShape(shape.rows(), shape.features());
    BatchShape weights = new BatchShape(shape.classes(), shape.features());
    BatchShape teacherStates = new BatchShape(shape.rows(), shape.teacherFeatures());
    BatchShape teacherWeights = new BatchShape(shape.classes(), shape.teacherFeatures());
    return new HiddenBatch(generated(memory, states, dtype, GeneratedLogits.STUDENT, HIDDEN, 0.5f),
        generated(memory, weights, dtype, GeneratedLogits.STUDENT, WEIGHT, scale(shape.features())),
        generated(memory, teacherStates, dtype, GeneratedLogits.TEACHER, HIDDEN, 0.5f),
        generated(memory, teacherWeights, dtype, GeneratedLogits.TEACHER, WEIGHT, scale(shape.teacherFeatures())),
        memory.labels(shape.rows(),
            (part, first) -> GeneratedLogits.fillLabels(part, HIDDEN, first, shape.classes())),
        memory.empty(states, dtype), memory.empty(weights, DType.F32));
  }

  /** A power of two near {@code 1 / sqrt(features)}. */
  static float scale(int features) {
    return Math.scalb(1f, (int) -Math.round(Math.log(features) / Math.log(4)));
  }

  private static MatrixView generated(BatchMemory memory, BatchShape shape, DType dtype, GeneratedLogits values,
      int batch, float factor) {
    return memory.matrix(shape, dtype, (part, first) -> values.fill(part, dtype, batch, first, factor));
  }

  LossInputs inputs() {
    return LossInputs.hidden(hidden, LinearHead.of(weight))
        .withTeacher(Teacher.hidden(teacherHidden, LinearHead.of(teacherWeight))).withLabels(labels);
  }

  LossOutputs outputs() {
    return LossOutputs.gradient(hiddenGradient).withWeightGradient(weightGradient);
  }
}
