package dev.temper.head;

import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import org.jspecify.annotations.Nullable;

/** Takes some rows of a teacher, in the same memory. */
final class TeacherSlice {

  private TeacherSlice() {}

  /**
   * Returns the teacher of the rows from {@code from} up to, not including, {@code to}.
   *
   * @param logits logits of these rows if the teacher is given by hidden states, else null
   */
  static @Nullable Teacher of(@Nullable Teacher teacher, @Nullable MatrixView logits, long from, long to) {
    return switch (teacher) {
      case null -> null;
      case Teacher.Hidden _ -> logits == null ? null : Teacher.logits(logits);
      case Teacher.Logits dense -> Teacher.logits(dense.matrix().rows(from, to));
      case Teacher.LogProbabilities dense -> Teacher.logProbabilities(dense.matrix().rows(from, to));
      case Teacher.Probabilities dense -> Teacher.probabilities(dense.matrix().rows(from, to));
      case Teacher.Mixture mixture -> new Teacher.Mixture(
          mixture.logits().stream().map(member -> member.rows(from, to)).toList(), mixture.weights());
      case Teacher.RowIndex selected -> Teacher.rowIndex(selected.logits(), selected.index().rows(from, to));
      case Teacher.ClassMap mapped -> Teacher.classMap(mapped.logits().rows(from, to), mapped.map());
      case Teacher.Sampled sampled -> Teacher.sampled(sampled.ids().rows(from, to), sampled.weights().rows(from, to));
      case TopKTeacher lists -> lists(lists, from, to);
    };
  }

  private static TopKTeacher lists(TopKTeacher lists, long from, long to) {
    TopKTeacher slice = Teacher.topK(lists.ids().rows(from, to), lists.logProbabilities().rows(from, to), lists.tail());
    RowVector logTail = lists.logTail();
    if (logTail != null) {
      slice = slice.withLogTail(logTail.rows(from, to));
    }
    return lists.temperature().isPresent() ? slice.atTemperature(lists.temperature().getAsDouble()) : slice;
  }
}
