package dev.temper.tools.verify;

/** The end of a case. */
public enum CaseOutcome {
  /** Every element was within its bound. */
  PASSED,
  /** An element was outside its bound, or the device failed. */
  FAILED,
  /** The engine does not support the case and named what it lacks; the case counts neither as passed nor as failed. */
  REFUSED
}
