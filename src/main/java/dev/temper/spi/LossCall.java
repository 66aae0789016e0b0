package dev.temper.spi;

import dev.temper.DistillationLoss;
import dev.temper.LogitMatrix;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import org.jspecify.annotations.Nullable;

/**
 * One checked call of a loss.
 *
 * @param loss what is computed
 * @param inputs what is read
 * @param outputs what is written
 * @param classes number of real classes: the loss's numClasses or the common width
 * @param savedStatistics row statistics of an earlier forward call, where this is a backward call; the totals are not computed
 *     then
 */
public record LossCall(
    DistillationLoss loss, LossInputs inputs, LossOutputs outputs, int classes, @Nullable LogitMatrix savedStatistics) {

  /** Whether the teacher is read. */
  public boolean usesTeacher() {
    return loss.softWeight() > 0;
  }

  /** Whether labels enter the loss; given labels are checked and mark ignored rows even where they do not. */
  public boolean usesCrossEntropy() {
    return loss.hardWeight() > 0;
  }
}
