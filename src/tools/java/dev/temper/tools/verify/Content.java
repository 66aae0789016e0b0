package dev.temper.tools.verify;

/** What the logits of a case hold. */
enum Content {
  /** Independent normal numbers, sigma 3. */
  NORMAL,
  /** Normal numbers of sigma 12: some rows are nearly one-hot. */
  SHARP,
  /** Student = teacher. */
  EQUAL,
  /** Student = teacher, some classes -inf. */
  EQUAL_ABSENT,
  /** Student = teacher + normal noise of 1e-3. */
  NEARLY_EQUAL,
  /** Normal numbers of sigma 30: the smallest probabilities are subnormal numbers of f32. */
  TAILS,
  /** Uniform in +-1e4. */
  LARGE,
  /** Normal numbers of sigma 30, each row shifted by up to +-1e8, where f32 has steps of 8. */
  FAR,
  /** Normal, each row shifted by up to +-1e3, student and teacher differently. */
  SHIFTED,
  /** Normal, on a grid of 2^-4, so that a shift by 512 is exact. */
  ON_GRID,
  /** Whole numbers from -2 to 2: many ties. */
  TIES,
  /** Some classes -inf in both. */
  ABSENT,
  /** Some classes -inf in both, and the labels name them in some rows. */
  ABSENT_LABELS,
  /** Some classes -inf in the teacher only. */
  TEACHER_ABSENT,
  /** In every other row some classes -inf in the student only. */
  STUDENT_ABSENT,
  /** NaN, +inf or nothing but -inf in some rows. */
  NON_FINITE,
  /** The same in rows that labels or row weights take out. */
  NON_FINITE_WHERE_UNUSED,
  /** Teacher [2, 1, 0.5], student [1, 2, 0], label 0. */
  GOLDEN_A,
  /** p = [.9, .1], q = [.1, .9]. */
  GOLDEN_B
}
