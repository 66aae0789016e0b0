package dev.temper.tools.bench;

import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.Teacher;

/**
 * The tensors of one batch.
 *
 * @param student [rows, classes]
 * @param teacher [rows, classes], the student's dtype
 * @param gradient [rows, classes], the student's dtype; its pages are mapped, so that no call causes page faults
 * @param labels [rows] I64
 */
public record LogitBatch(MatrixView student, MatrixView teacher, MatrixView gradient, RowVector labels) {

  /** The inputs of a loss. */
  public LossInputs inputs() {
    return LossInputs.of(student).withTeacher(Teacher.logits(teacher)).withLabels(labels);
  }

  /** The outputs of a loss. */
  public LossOutputs outputs() {
    return LossOutputs.gradient(gradient);
  }
}
