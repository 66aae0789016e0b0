package dev.temper.tools.train;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The results of one seed.
 *
 * @param seed seed of the weights and of the order of the examples
 * @param models the teacher, the student on labels only and every distilled student, in this order; fewer after an
 *     interruption
 * @param differences worst differences from the f64 reference over all trainings
 * @param text text written by the best distilled student; empty where there is none
 * @param cache size of the file with the teacher's lists; null if the students learned from its logits
 */
public record SeedOutcome(
    long seed, List<ModelOutcome> models, Differences differences, String text, @Nullable CacheSize cache) {

  /** Place of the teacher in {@link #models}. */
  public static final int TEACHER = 0;

  /** Place of the student on labels only. */
  public static final int LABELS_ONLY = 1;

  /** Place of the first distilled student. */
  public static final int DISTILLED = 2;

  /** Copies the list. */
  public SeedOutcome {
    models = List.copyOf(models);
  }
}
