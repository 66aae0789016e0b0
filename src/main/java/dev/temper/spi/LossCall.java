package dev.temper.spi;

import dev.temper.DistillationLoss;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.Teacher;
import org.jspecify.annotations.Nullable;

/**
 * One checked call of a loss.
 *
 * @param loss what is computed
 * @param inputs what is read
 * @param outputs what is written
 * @param classes number of real classes: the loss's numClasses or the common width
 * @param statistics where row statistics are written, [rows, {@link #STATISTICS_COLUMNS}] F32 in memory of the engine; null where
 *     none are wanted
 * @param savedStatistics row statistics of an earlier forward call, where this is a backward call; the totals are not computed
 *     then
 */
public record LossCall(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, int classes,
    @Nullable MatrixView statistics, @Nullable MatrixView savedStatistics) {

  /** Columns of the row statistics; what an engine keeps in them is its own affair. */
  public static final int STATISTICS_COLUMNS = 8;

  /** The teacher's logits; null where no teacher was given. */
  public @Nullable MatrixView teacherLogits() {
    return switch (inputs.teacher()) {
      case null -> null;
      case Teacher.Logits logits -> logits.matrix();
    };
  }

  /** Whether the teacher is read. */
  public boolean usesTeacher() {
    return loss.softWeight() > 0;
  }

  /** Whether labels enter the loss; given labels are checked and mark ignored rows even where they do not. */
  public boolean usesCrossEntropy() {
    return loss.hardWeight() > 0;
  }
}
