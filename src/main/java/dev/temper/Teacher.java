package dev.temper;

import java.util.Objects;

/**
 * What the soft part of a loss compares the student with. The kind of the values is part of the type, because it cannot
 * be seen in the numbers: probabilities that are read as logits give a loss that looks plausible and is wrong.
 *
 * {@snippet :
 * LossInputs inputs = LossInputs.of(student).withTeacher(Teacher.logits(teacher));
 * }
 */
public sealed interface Teacher permits Teacher.Logits {

  /** Number of rows, as many as the student's. */
  long rows();

  /**
   * A teacher given by its logits {@code u}, so that {@code p = softmax(u / T)}. Log-probabilities at temperature 1 are
   * logits too, since {@code softmax(l / T)} gives their distribution at any temperature. Probabilities are not: their
   * softmax is nearly uniform. If the first teacher of a process lies in host memory and its first row looks like
   * probabilities, one warning says so through {@link System.Logger}.
   *
   * @param logits [rows, classes] F32, BF16 or F16; the dtype, the row stride and the padding may differ from the
   *     student's
   */
  static Logits logits(MatrixView logits) {
    return new Logits(logits);
  }

  /** The logits of the teacher, one for each row and class. */
  final class Logits implements Teacher {

    private final MatrixView matrix;

    private Logits(MatrixView matrix) {
      this.matrix = Objects.requireNonNull(matrix, "the teacher's logits are null, expected a matrix");
    }

    /** The logits, [rows, classes]. */
    public MatrixView matrix() {
      return matrix;
    }

    @Override
    public long rows() {
      return matrix.rows();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Logits logits && logits.matrix.equals(matrix);
    }

    @Override
    public int hashCode() {
      return matrix.hashCode();
    }

    @Override
    public String toString() {
      return "logits " + matrix;
    }
  }
}
