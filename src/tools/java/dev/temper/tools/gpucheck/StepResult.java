package dev.temper.tools.gpucheck;

import java.util.Locale;

/**
 * What came of a step.
 *
 * @param step which
 * @param outcome how it ended
 * @param reason why it failed or did not run; empty if it passed
 * @param seconds wall time
 * @param log last lines of what it wrote to stderr and to NAME.log
 * @param document its JSON document; empty if there is none
 */
public record StepResult(Step step, Outcome outcome, String reason, double seconds, String log, String document) {

  /** How a step ended. */
  public enum Outcome {
    /** What it shows holds. */
    PASSED,
    /** It does not, or the step itself broke. */
    FAILED,
    /** Something that it needs is not here. */
    NOT_RUN
  }

  static StepResult notRun(Step step) {
    return new StepResult(step, Outcome.NOT_RUN, step.notRun(), 0, "", "");
  }

  /** One line for people. */
  public String line() {
    String text = String.format(Locale.ROOT, "%-12s %-18s %-8s %6.1f s", step.stage().id(), step.name(),
        outcome.name().toLowerCase(Locale.ROOT).replace('_', ' '), seconds);
    return reason.isEmpty() ? text : text + "  " + reason;
  }
}
