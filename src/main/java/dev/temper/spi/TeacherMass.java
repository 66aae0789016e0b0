package dev.temper.spi;

import dev.temper.HostMatrix;
import dev.temper.LossArgumentException;
import org.jspecify.annotations.Nullable;

/** Checks that a row of log-probabilities or probabilities sums to 1. */
public final class TeacherMass {

  static final double SMALLEST_TOLERANCE = 0x1p-20;

  private TeacherMass() {}

  /**
   * Returns the error of a row, or null for a distribution. A row with NaN or +inf has no error, because its loss is
   * NaN like that of such logits.
   *
   * @param place index of the row in the matrix
   * @param row number of the row in the message
   * @param logarithms whether the matrix holds log-probabilities
   */
  public static @Nullable LossArgumentException error(HostMatrix matrix, long place, long row, int classes,
      boolean logarithms) {
    double mass = 0;
    double error = 0;
    for (int i = 0; i < classes; i++) {
      double value = HostRows.element(matrix, place, i);
      if (!logarithms && value < 0) {
        return new LossArgumentException("teacher: row ", row, ", column ", i, " has the probability ", value,
            ", expected 0 to 1, because the teacher is given by probabilities; give logits as logits");
      }
      double p = logarithms ? StrictMath.exp(value) : value;
      mass += p;
      // A value above 0 is no log-probability, and its size must not widen the tolerance.
      error += p == 0 ? 0 : logarithms ? p * (1 + Math.abs(Math.min(value, 1))) : p;
    }
    double tolerance = TeacherValues.roundoff(matrix.dtype()) * (logarithms ? error : 1) + SMALLEST_TOLERANCE;
    if (!Double.isFinite(mass) || Math.abs(mass - 1) <= tolerance) {
      return null;
    }
    return new LossArgumentException("teacher: row ", row, " has the mass ", mass, ", expected 1, because the teacher"
        + " is given by ", logarithms ? "log-probabilities" : "probabilities", "; give logits as logits");
  }
}
