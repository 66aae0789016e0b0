package dev.temper.tools.bench;

import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.Teacher;

/**
 * One batch.
 *
 * @param student [rows, classes]
 * @param teacher [rows, classes], the student's dtype
 * @param gradient [rows, classes], the student's dtype; already touched, so that no call pays for its pages
 * @param labels [rows] I64
 */
public record LogitBatch(MatrixView student, MatrixView teacher, MatrixView gradient, RowVector labels) {

  /** What a loss reads. */
  public LossInputs inputs() {
    return LossInputs.of(student).withTeacher(Teacher.logits(teacher)).withLabels(labels);
  }

  /** What it writes. */
  public LossOutputs outputs() {
    return LossOutputs.gradient(gradient);
  }
}
