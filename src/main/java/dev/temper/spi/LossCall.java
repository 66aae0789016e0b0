package dev.temper.spi;

import dev.temper.DistillationLoss;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import org.jspecify.annotations.Nullable;

/**
 * Holds one checked call of a loss. A call whose inputs have a head never reaches an engine: {@code dev.temper.head}
 * makes calls of chunks of it, whose students are logits.
 *
 * @param loss loss to compute
 * @param inputs tensors that the call reads
 * @param outputs tensors that the call writes
 * @param classes number of real classes: numClasses of the loss or the common width
 * @param statistics output for row statistics, [rows, {@link #STATISTICS_COLUMNS}] F32 in memory of the engine; null if
 *     no statistics are requested
 * @param savedStatistics row statistics of an earlier forward call; a call with them computes the gradient only,
 *     without totals
 */
public record LossCall(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, int classes,
    @Nullable MatrixView statistics, @Nullable MatrixView savedStatistics) {

  /** The number of columns of the row statistics. Their content is specific to the engine. */
  public static final int STATISTICS_COLUMNS = 16;

  /**
   * Returns the matrix of a teacher that has one column for each class or for each class of a map, or null for any
   * other teacher.
   */
  public @Nullable MatrixView teacherLogits() {
    return switch (inputs.teacher()) {
      case null -> null;
      case Teacher.Logits logits -> logits.matrix();
      case Teacher.LogProbabilities dense -> dense.matrix();
      case Teacher.Probabilities dense -> dense.matrix();
      case Teacher.RowIndex selected -> selected.logits();
      case Teacher.ClassMap mapped -> mapped.logits();
      case Teacher.Mixture _, Teacher.Hidden _, Teacher.Sampled _, TopKTeacher _ -> null;
    };
  }

  /** Returns the lists of the teacher, or null for a teacher without lists. */
  public @Nullable TeacherLists teacherLists() {
    return usesTeacher() ? TeacherLists.of(inputs.teacher()) : null;
  }

  /** Returns the matrix that the teacher consists of: that of {@link #teacherLogits()}, or the values of its lists. */
  public @Nullable MatrixView teacherMatrix() {
    TeacherLists lists = TeacherLists.of(inputs.teacher());
    return lists == null ? teacherLogits() : lists.values();
  }

  /** Returns the form of the teacher that the loss reads. */
  public TeacherForm teacherForm() {
    return TeacherForm.of(usesTeacher() ? inputs.teacher() : null);
  }

  /** Returns the row statistics that the call reads or writes, or null if there are none. */
  public @Nullable MatrixView anyStatistics() {
    return savedStatistics != null ? savedStatistics : statistics;
  }

  public boolean usesTeacher() {
    return loss.softWeight() > 0;
  }

  /** Returns whether labels contribute to the loss. Given labels are checked and mark ignored rows in any case. */
  public boolean usesCrossEntropy() {
    return loss.hardWeight() > 0;
  }
}
