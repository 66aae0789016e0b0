package dev.temper.bench;

import dev.temper.HostMatrix;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.RowVector;

/**
 * One batch in host memory.
 *
 * @param student [rows, classes]
 * @param teacher [rows, classes], the student's dtype
 * @param gradient [rows, classes], the student's dtype; already touched, so that no call pays for its pages
 * @param labels [rows] I64
 */
public record LogitBatch(HostMatrix student, HostMatrix teacher, HostMatrix gradient, RowVector.Host labels) {

  /** What a loss reads. */
  public LossInputs inputs() {
    return LossInputs.of(student).withTeacher(teacher).withLabels(labels);
  }

  /** What it writes. */
  public LossOutputs outputs() {
    return LossOutputs.gradient(gradient);
  }
}
