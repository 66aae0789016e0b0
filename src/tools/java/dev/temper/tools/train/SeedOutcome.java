package dev.temper.tools.train;

import java.util.List;

/**
 * How the three models of one seed came out.
 *
 * @param seed of weights and batches
 * @param teacher trained on labels
 * @param labelsOnly student trained on labels
 * @param distilled the same student trained on labels and teacher
 * @param differences from the f64 reference, of all three trainings
 * @param text written by the distilled student
 */
public record SeedOutcome(long seed, Outcome teacher, Outcome labelsOnly, Outcome distilled, Differences differences, String text) {

  /** All three, in the order of their training. */
  public List<Outcome> all() {
    return List.of(teacher, labelsOnly, distilled);
  }
}
