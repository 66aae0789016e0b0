package dev.temper.spi;

import dev.temper.IdMatrix;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.Tail;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The lists of classes of a teacher, whose values are log-probabilities or weights.
 *
 * @param ids classes, [rows, k]
 * @param values log-probabilities or weights, [rows, k]
 * @param weights whether the values are weights
 * @param tail meaning of the classes without a slot
 * @param logTail logarithm of the mass outside the slots, [rows] F32; null if none is given
 * @param temperature temperature of the log-probabilities; empty for that of the loss
 */
public record TeacherLists(IdMatrix ids, MatrixView values, boolean weights, Tail tail, @Nullable RowVector logTail,
    OptionalDouble temperature) {

  /** Returns the lists of a teacher, or null if it has none. */
  public static @Nullable TeacherLists of(@Nullable Teacher teacher) {
    return switch (teacher) {
      case TopKTeacher lists -> new TeacherLists(lists.ids(), lists.logProbabilities(), false, lists.tail(),
          lists.tail() == Tail.BUCKET ? lists.logTail() : null, lists.temperature());
      case Teacher.Sampled sampled ->
          new TeacherLists(sampled.ids(), sampled.weights(), true, Tail.TRUNCATE, null, OptionalDouble.empty());
      case null, default -> null;
    };
  }

  /** Returns the lists of some rows, in the same memory. */
  public TeacherLists rows(long from, long to) {
    return new TeacherLists(ids.rows(from, to), values.rows(from, to), weights, tail,
        logTail == null ? null : logTail.rows(from, to), temperature);
  }

  /** Name of the values in messages. */
  public String valuesName() {
    return weights ? "teacher_sample_weights" : "teacher_log_probs";
  }
}
