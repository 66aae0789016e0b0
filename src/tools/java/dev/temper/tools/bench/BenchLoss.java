package dev.temper.tools.bench;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;

/**
 * The loss of a benchmark case.
 *
 * @param objective the parts of the loss
 * @param divergence divergence of the soft part; unused without a soft part
 * @param temperature T of the soft part; unused without a soft part
 */
public record BenchLoss(Objective objective, Divergence divergence, double temperature) {

  /** The parts of a loss and their weights. */
  public enum Objective {
    /** Half the divergence from the teacher, half the cross-entropy against the labels. */
    BOTH(0.5, 0.5),
    /** The divergence alone. */
    SOFT(1, 0),
    /** The cross-entropy alone, which reads no teacher. */
    HARD(0, 1);

    private final double softWeight;
    private final double hardWeight;

    Objective(double softWeight, double hardWeight) {
      this.softWeight = softWeight;
      this.hardWeight = hardWeight;
    }
  }

  /**
   * Requires a valid temperature.
   *
   * @throws IllegalArgumentException if it is not finite and above 0
   */
  public BenchLoss {
    DistillationLoss.builder().temperature(temperature).build();
  }

  /** The cross-entropy alone. */
  public static BenchLoss crossEntropy() {
    return new BenchLoss(Objective.HARD, Divergence.forwardKl(), 1);
  }

  /** The loss, reduced to the mean over the rows. */
  public DistillationLoss loss() {
    return DistillationLoss.builder().divergence(divergence).temperature(temperature)
        .softWeight(objective.softWeight).hardWeight(objective.hardWeight).build();
  }

  /** Whether the loss reads the teacher. */
  public boolean readsTeacher() {
    return objective.softWeight > 0;
  }

  /** A name without blanks, such as {@code forward-kl+ce}, {@code jsd:0.5} or {@code ce}. */
  public String label() {
    return switch (objective) {
      case BOTH -> divergence.label() + "+ce";
      case SOFT -> divergence.label();
      case HARD -> "ce";
    };
  }
}
