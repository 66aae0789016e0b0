package dev.temper.emulator;

import dev.temper.kernel.code.KernelSource;

/** A defect of the fast path or of its check, and the rows that show it. */
enum PathDefect {
  /** Sums are rescaled by differences of maxima, although their exponents have rounded offsets. */
  SHIFTS_FROM_MAXIMA(PathRows.ORDINARY, "row/partial.cuh",
      "dt = to.teacher.offset - exponents.teacher.offset;",
      "dt = (to.teacher.shift - exponents.teacher.shift) * to.teacher.scale;"),
  /** The margin of the running maximum is a number of logits at every temperature. */
  MARGIN_IN_LOGITS(PathRows.SHARP, "row/partial.cuh", "kMargin * reciprocal(exponents.teacher.scale);",
      "20.0f;"),
  /** The maximum starts at 0, above all logits. */
  START_ABOVE_LOGITS(PathRows.ORDINARY, "row/partial.cuh",
      "student_limit = -infinity(), teacher_limit = -infinity();", "student_limit = 0, teacher_limit = 0;"),
  /** The shift never changes after the first vector of a thread. */
  FIXED_SHIFT(PathRows.SHARP, "row/partial.cuh", "if (z > student_limit ||",
      "if (student_limit == -infinity() ||"),
  /** Elements behind the row count as 0, which may be the largest logit. */
  FINITE_FILL(PathRows.ORDINARY, "row/vectorised_row.cuh", "kStudentFill = StudentType::kMinusInfinity;",
      "kStudentFill = typename StudentType::Bits(0);"),
  /** An exponent that overflows counts as that of an absent class. */
  OVERFLOWED_EXPONENT(PathRows.OVERFLOWING, "row/exponentials.cuh",
      "return exact < -kLargest && z >= -kLargest ? -kLargest : exact;", "return exact;"),
  /** A softcap turns -inf into a finite logit. */
  CAPPED_INFINITY(PathRows.CAPPED, "row/softcap.cuh", "return abs(z) <= kLargest ? cap * tanh(z / cap) : z;",
      "return cap * tanh(z / cap);"),
  /** The sums of the fast path are not tested. */
  UNTESTED_SUMS(PathRows.SMOOTHED, "row/partial.cuh", "bool ordinary = zero == 0;", "bool ordinary = true;"),
  /** The row sums of the policy are not tested. */
  UNTESTED_POLICY_SUMS(PathRows.ABSENT_FOR_STUDENT, "loss/path.cuh",
      "if (!has_finite_sums()) return false;", ""),
  /** Rows that are far apart keep the sums of p and q. */
  NO_FAR_PATH(PathRows.FAR_APART, "loss/path.cuh", "policy.is_far(policy_sums)) evaluate_far();", "false) ;"),
  /** Nearly equal rows stay on the fast path. */
  NO_NEAR_EQUAL_PATH(PathRows.NEARLY_EQUAL, "loss/path.cuh",
      "if (estimate(partial.sums) < policy.nearly_equal()) {", "if (false) {");

  private final PathRows rows;
  private final String file;
  private final String correct;
  private final String planted;

  PathDefect(PathRows rows, String file, String correct, String planted) {
    this.rows = rows;
    this.file = file;
    this.correct = correct;
    this.planted = planted;
  }

  /** The rows that must show the defect. */
  PathRows rows() {
    return rows;
  }

  /** The sources with the defect. */
  KernelSource source(String name) {
    return PlantedSource.of(name, file, this, correct, planted);
  }
}
