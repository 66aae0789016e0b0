package dev.temper.tools.verify;

/** The content of a case's logits. */
enum Content {
  /** Independent normal numbers of sigma 3. */
  NORMAL,
  /** Normal numbers of sigma 12: some rows are nearly one-hot. */
  SHARP,
  /** Student = teacher. */
  EQUAL,
  /** Student = teacher; some classes are -inf. */
  EQUAL_ABSENT,
  /** Student = teacher + normal noise of 1e-3. */
  NEARLY_EQUAL,
  /** Normal numbers of sigma 30: the smallest probabilities are subnormal numbers of f32. */
  TAILS,
  /** Uniform numbers in +-1e4. */
  LARGE,
  /** Normal numbers of sigma 30, each row shifted by up to +-1e8, where f32 has steps of 8. */
  FAR,
  /** Normal numbers of sigma 3; each row of student and teacher is shifted by up to +-1e3. */
  SHIFTED,
  /** Normal numbers rounded to multiples of 2^-4, so that a shift by 512 is exact. */
  ON_GRID,
  /** Integers from -2 to 2, with many ties. */
  TIES,
  /** Some classes are -inf in both. */
  ABSENT,
  /** Some classes are -inf in both; in some rows the label is one of them. */
  ABSENT_LABELS,
  /** Some classes are -inf in the teacher only. */
  TEACHER_ABSENT,
  /** In every other row some classes are -inf in the student only. */
  STUDENT_ABSENT,
  /** Some classes are the lowest finite number of the dtype in both. */
  LOWEST,
  /** The teacher's probability lies on the first half of the classes, the student's on the rest, 100 nats apart. */
  SATURATED,
  /** Some rows hold NaN, +inf or -inf only. */
  NON_FINITE,
  /** Rows with an ignored label or the weight 0 hold NaN, +inf or -inf only. */
  NON_FINITE_WHERE_UNUSED,
  /** Teacher [2, 1, 0.5], student [1, 2, 0], label 0. */
  GOLDEN_A,
  /** p = [.9, .1], q = [.1, .9]. */
  GOLDEN_B
}
