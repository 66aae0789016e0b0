package dev.temper;

/**
 * A value of each row that a call can write, in nats, before weights and reduction. The value is 0 for ignored rows and
 * for rows of weight 0.
 */
public enum RowOutput {
  /**
   * {@code T^2 D}, or {@code D} without temperature scaling. {@link SoftValue#CROSS_ENTROPY} adds the entropy of the
   * teacher to {@code D}.
   */
  SOFT("row_soft"),
  /** The hard part: the cross-entropy, with the z-loss if the loss has one. */
  HARD("row_hard"),
  /** {@code z_y - lse(z)} at T = 1, whatever the label smoothing; needs labels. */
  LABEL_LOG_PROB("row_label_log_prob"),
  /** {@code -sum q log q} of the student at its temperature, after softcap and standardisation. */
  STUDENT_ENTROPY("row_student_entropy"),
  /** {@code -sum p log p} of the teacher at its temperature, after softcap and standardisation; needs a teacher. */
  TEACHER_ENTROPY("row_teacher_entropy"),
  /** The student's mass {@code Q} on the classes of the row's list, at its temperature; needs a list. */
  STUDENT_MASS("row_student_mass"),
  /** The teacher's mass {@code P} on the classes of the row's list, as given; needs a list. */
  TEACHER_MASS("row_teacher_mass"),
  /** The teacher's mass on the columns that the class map gives to no class, at its temperature; needs a class map. */
  UNMAPPED_MASS("row_unmapped_mass");

  private final String tensor;

  RowOutput(String tensor) {
    this.tensor = tensor;
  }

  /** Whether the output is a mass, which only teachers with lists of classes or with a class map have. */
  public boolean isMass() {
    return this == STUDENT_MASS || this == TEACHER_MASS || this == UNMAPPED_MASS;
  }

  /** Name of the tensor in files and messages, such as {@code row_soft}. */
  public String tensor() {
    return tensor;
  }
}
