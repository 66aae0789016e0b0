package dev.temper.tools.gpucheck;

import com.fasterxml.jackson.annotation.JsonProperty;

/** The end of a step. */
public enum StepOutcome {
  /** The command ended well, and so did the check of its outputs. */
  @JsonProperty("passed")
  PASSED,
  /** The command or the check of its outputs failed. */
  @JsonProperty("failed")
  FAILED,
  /** The machine lacks something that the step needs. */
  @JsonProperty("notRun")
  NOT_RUN
}
