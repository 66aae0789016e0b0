package dev.temper.tools.bench;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;

/**
 * A loss as it is measured.
 *
 * @param objective which parts it has
 * @param divergence of the soft part; of no effect without one
 * @param temperature T of the soft part; of no effect without one
 */
public record BenchLoss(Objective objective, Divergence divergence, double temperature) {

  /** The parts of a loss. */
  public enum Objective {
    /** Half the divergence from the teacher, half the cross-entropy against the labels. */
    BOTH(0.5, 0.5),
    /** The divergence alone. */
    SOFT(1, 0),
    /** The cross-entropy alone; reads no teacher. */
    HARD(0, 1);

    private final double softWeight;
    private final double hardWeight;

    Objective(double softWeight, double hardWeight) {
      this.softWeight = softWeight;
      this.hardWeight = hardWeight;
    }
  }

  /**
   * Checks the temperature, before anything is measured.
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

  /** The loss, a mean over the rows. */
  public DistillationLoss loss() {
    return DistillationLoss.builder().divergence(divergence).temperature(temperature)
        .softWeight(objective.softWeight).hardWeight(objective.hardWeight).build();
  }

  /** Whether the teacher is read. */
  public boolean readsTeacher() {
    return objective.softWeight > 0;
  }

  /** What is computed, in a phrase without blanks: {@code forward-kl+ce}, {@code jsd:0.5} or {@code ce}. */
  public String label() {
    return switch (objective) {
      case BOTH -> divergence.label() + "+ce";
      case SOFT -> divergence.label();
      case HARD -> "ce";
    };
  }
}
