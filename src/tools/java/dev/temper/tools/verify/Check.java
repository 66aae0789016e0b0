package dev.temper.tools.verify;

import dev.temper.LossEngine;

/** How the result of a case is judged. */
enum Check {
  /** Against the f64 reference. */
  ORACLE,
  /** Two runs, same bits. */
  RERUN,
  /** In place and out of place, same bits. */
  IN_PLACE,
  /** Rows alone and in the batch, same bits. */
  ALONE,
  /** Student equal to teacher: exact zeros, then against the reference. */
  ZERO,
  /** Shifted logits against the reference of the plain ones. */
  SHIFT,
  /** Permuted classes against the plain ones. */
  PERMUTATION,
  /** Two parts of the batch, added, against the reference of the whole. */
  SPLIT,
  /** Sum of each row's gradient against 0. */
  SUM,
  /** Values never negative, Jensen-Shannon never above ln 2. */
  SIGN,
  /** Gradient against differences of the f64 value. */
  DIFFERENCES,
  /** Against numbers computed elsewhere. */
  GOLDEN,
  /** A label that is out of range. */
  BAD_LABEL,
  /** A negative row weight. */
  BAD_WEIGHT,
  /** A row temperature of 0. */
  BAD_TEMPERATURE;

  /** Runs a case and notes what it found. */
  void judge(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    switch (this) {
      case ORACLE -> OracleCheck.run(engine, c, data, comparison);
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
