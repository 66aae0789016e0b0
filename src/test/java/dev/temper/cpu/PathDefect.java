package dev.temper.cpu;

import dev.temper.Planted;

/** A defect of the fast path of the CPU engine's rows, or of the choice between paths. */
enum PathDefect {
  /** No defect. */
  NONE("row.h", "#pragma once", "#pragma once"),
  /** Nearly equal rows stay on the fast path. */
  NO_NEAR_EQUAL_PATH("row_values.h", "if (divergence < policy.nearly_equal() &&", "if (false &&"),
  /** Raw sums that absent classes made infinite or NaN are not computed again. */
  RAW_SUMS_NOT_REPEATED("row_sums.h", "if (!has_finite_raw_sums) finish_any_raw(student_sum, teacher_sum);", ";"),
  /** The sums of earlier blocks keep their shift when the maximum rises. */
  SUMS_KEEP_THEIR_SHIFT("partial.h", "    student *= fs;\n", ""),
  /** The sums of the divergence keep their shift when the maximum rises. */
  RAW_SUMS_KEEP_THEIR_SHIFT("partial.h", "if constexpr (Raw::kRawSums > 0) policy.shift_raw(",
      "if constexpr (false) policy.shift_raw("),
  /** The stored exponentials of earlier blocks are read as if they had the shift of the row. */
  EXPONENTIALS_KEEP_THEIR_SHIFT("row_sums.h", "  result.student *= scales.student(ds);\n", ""),
  /** A block without a finite logit has a shift of -inf. */
  SHIFT_OF_NOTHING("exponentials.h", "return max == -kInfinity ? 0.0f : max;", "return max;"),
  /** Elements behind the row count as 0, which may be the largest logit. */
  FINITE_FILL("row_logits.h", "decode_tail<kF32>(in, body_length(n), n, -kInfinity, buffer);",
      "decode_tail<kF32>(in, body_length(n), n, 0.0f, buffer);"),
  /** The ratio of a probability and 0 stays infinite. */
  UNLIMITED_RATIO("row_blocks.h", "return clamped(fma(difference, c, log_ratio), splat(most));",
      "return fma(difference, c, log_ratio);"),
  /** A softcap turns -inf into a finite logit. */
  CAPPED_INFINITY("row_options.h", "return select(abs(z) <= kLargest, cap * tanh(z / cap), z);",
      "return cap * tanh(z / cap);");

  private final String file;
  private final String correct;
  private final String planted;

  PathDefect(String file, String correct, String planted) {
    this.file = file;
    this.correct = correct;
    this.planted = planted;
  }

  /** The name of the header in {@code native/cpu} that has the defect. */
  String file() {
    return file;
  }

  /** Plants the defect into the text of its header. */
  String plant(String text) {
    return Planted.in(text, file, this, correct, planted);
  }
}
