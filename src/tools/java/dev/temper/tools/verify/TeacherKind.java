package dev.temper.tools.verify;

/** The kind of the teacher of a case. */
enum TeacherKind {
  LOGITS,
  LOG_PROBABILITIES,
  PROBABILITIES,
  /** Two to eight teachers, one of which may have the weight 0. */
  MIXTURE,
  /** Half as many rows as the student has, and an index of -1 where a row does not contribute. */
  ROW_INDEX,
  /** More columns than classes, in another order; some classes have none. */
  CLASS_MAP;

  /** Whether the values are at the temperature of the loss. */
  boolean isAtTemperature() {
    return this == LOG_PROBABILITIES || this == PROBABILITIES || this == MIXTURE;
  }
}
