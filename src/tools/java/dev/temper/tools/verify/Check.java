package dev.temper.tools.verify;

import dev.temper.LossEngine;

/** The check of a case. */
enum Check {
  /** Compares with the f64 reference. */
  ORACLE,
  /** Compares with the f64 reference, and keeps the errors of value and gradient. */
  ACCURACY,
  /** Requires the same bits of several runs. */
  RERUN,
  /** Requires the same bits in place and out of place. */
  IN_PLACE,
  /** Requires the same bits of a row alone and in the batch. */
  ALONE,
  /** Requires exact zeros where the student equals the teacher. */
  ZERO,
  /** Compares shifted logits with the reference of the original ones. */
  SHIFT,
  /** Compares permuted classes with the original ones. */
  PERMUTATION,
  /** Compares the sum over two parts of the batch with the reference of the whole. */
  SPLIT,
  /** Compares the sum of each row's gradient with 0. */
  SUM,
  /** Requires values of at least 0, and Jensen-Shannon of at most ln 2. */
  SIGN,
  /** Compares the gradient with finite differences of the f64 value. */
  DIFFERENCES,
  /** Compares with numbers that other programs computed. */
  GOLDEN,
  /** Requires the refusal of a label that is out of range. */
  BAD_LABEL,
  /** Requires the refusal of an invalid row weight. */
  BAD_WEIGHT,
  /** Requires the refusal of an invalid row temperature. */
  BAD_TEMPERATURE;

  /** Runs a case, and notes the mismatches. */
  void judge(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    switch (this) {
      case ORACLE -> OracleCheck.run(engine, c, data, comparison);
      case ACCURACY -> AccuracyCheck.run(engine, c, data, comparison);
      case RERUN -> BitChecks.rerun(engine, c, data, comparison);
      case IN_PLACE -> BitChecks.inPlace(engine, c, data, comparison);
      case ALONE -> BitChecks.alone(engine, c, data, comparison);
      case ZERO -> BitChecks.zero(engine, c, data, comparison);
      case SHIFT -> InvariantChecks.shift(engine, c, data, comparison);
      case PERMUTATION -> InvariantChecks.permutation(engine, c, data, comparison);
      case SPLIT -> InvariantChecks.split(engine, c, data, comparison);
      case SUM -> InvariantChecks.sum(engine, c, data, comparison);
      case SIGN -> InvariantChecks.sign(engine, c, data, comparison);
      case DIFFERENCES -> DifferenceCheck.run(engine, c, data, comparison);
      case GOLDEN -> Goldens.check(engine, c, data, comparison);
      case BAD_LABEL -> RefusalChecks.label(engine, c, data, comparison);
      case BAD_WEIGHT -> RefusalChecks.weight(engine, c, data, comparison);
      case BAD_TEMPERATURE -> RefusalChecks.temperature(engine, c, data, comparison);
    }
  }
}
