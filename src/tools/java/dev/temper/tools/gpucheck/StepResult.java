package dev.temper.tools.gpucheck;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The result of a step.
 *
 * @param step the step
 * @param outcome whether it passed
 * @param reason why it failed or did not run; empty if it passed
 * @param seconds wall time
 * @param log last lines of its stderr and of NAME.log
 * @param document its JSON document; null if there is none
 */
public record StepResult(
    CheckStep step, StepOutcome outcome, String reason, double seconds, String log, @Nullable JsonNode document) {

  static StepResult notRun(CheckStep step) {
    return new StepResult(step, StepOutcome.NOT_RUN, step.notRun(), 0, "", null);
  }

  /** The result as one line of text. */
  public String line() {
    String text = String.format(Locale.ROOT, "%-12s %-18s %-8s %6.1f s", step.stage().id(), step.name(),
        outcome.name().toLowerCase(Locale.ROOT).replace('_', ' '), seconds);
    return reason.isEmpty() ? text : text + "  " + reason;
  }
}
