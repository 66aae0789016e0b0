package dev.temper.tools.verify;

import dev.temper.reference.ReferenceRow;

/**
 * One row of a teacher of any kind, as logits in f64.
 *
 * @param logits logit of each class
 * @param error absolute error of each logit that an engine computes
 * @param isAtTemperature whether the logits are log-probabilities at the temperature of the loss
 * @param isFlat whether a teacher of a mixture has no standard deviation
 */
@SuppressWarnings("ArrayRecordComponent") // the array lives for one row
record TeacherRow(double[] logits, double error, boolean isAtTemperature, boolean isFlat) {

  /** Computes a row of the reference with this teacher. */
  void compute(ReferenceRow reference, double[] z, int label, double temperature) {
    if (isAtTemperature) {
      reference.computeAtTemperature(z, logits, label, temperature, isFlat);
    } else {
      reference.compute(z, logits, label, temperature);
    }
  }

  static TeacherRow of(double[] logits) {
    return new TeacherRow(logits, 0, false, false);
  }
}
