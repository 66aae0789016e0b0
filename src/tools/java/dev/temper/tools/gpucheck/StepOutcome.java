package dev.temper.tools.gpucheck;

import com.fasterxml.jackson.annotation.JsonProperty;

/** The end of a step. */
public enum StepOutcome {
  /** The command and the check of its outputs succeeded. */
  @JsonProperty("passed")
  PASSED,
  /** The command or the check of its outputs failed. */
  @JsonProperty("failed")
  FAILED,
  /** The machine lacks a requirement of the step. */
  @JsonProperty("notRun")
  NOT_RUN
}
