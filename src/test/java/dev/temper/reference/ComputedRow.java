package dev.temper.reference;

import dev.temper.DistillationLoss;

/** Rows of the reference for tests. */
final class ComputedRow {

  private ComputedRow() {}

  /** Computes a row with the label 0 at the temperature of the loss. */
  static ReferenceRow compute(DistillationLoss loss, double[] student, double[] teacher) {
    return compute(loss, student, teacher, 0);
  }

  static ReferenceRow compute(DistillationLoss loss, double[] student, double[] teacher, int label) {
    ReferenceRow row = new ReferenceRow(loss, student.length);
    row.compute(student, teacher, label, loss.temperature());
    return row;
  }
}
