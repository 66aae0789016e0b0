package dev.temper;

import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A teacher with the log-probabilities of some classes of each row; see {@link Teacher#topK}. Immutable; each method
 * returns another object.
 *
 * <p>An engine reads {@code 2 k} numbers a row in the place of the teacher's logits. A row without a used slot has the
 * soft value and the soft gradient 0.
 */
public final class TopKTeacher implements Teacher {

  private final IdMatrix ids;
  private final MatrixView logProbabilities;
  private final Tail tail;
  private final @Nullable RowVector logTail;
  private final OptionalDouble temperature;
  private final OptionalInt classes;

  private TopKTeacher(IdMatrix ids, MatrixView logProbabilities, Tail tail, @Nullable RowVector logTail,
      OptionalDouble temperature, OptionalInt classes) {
    this.ids = Objects.requireNonNull(ids, "the ids of the teacher are null, expected a matrix");
    this.logProbabilities =
        Objects.requireNonNull(logProbabilities, "the teacher's log-probabilities are null, expected a matrix");
    this.tail = Objects.requireNonNull(tail);
    this.logTail = logTail;
    this.temperature = temperature;
    this.classes = classes;
  }

  static TopKTeacher of(IdMatrix ids, MatrixView logProbabilities, Tail tail) {
    TeacherShapes.checkLists(ids, "teacher_log_probs", logProbabilities);
    return new TopKTeacher(ids, logProbabilities, tail, null, OptionalDouble.empty(), OptionalInt.empty());
  }

  /** Returns the teacher with another meaning of the classes without a slot. */
  public TopKTeacher withTail(Tail value) {
    return new TopKTeacher(ids, logProbabilities, value, logTail, temperature, classes);
  }

  /**
   * Returns the teacher with the logarithm of its mass outside the slots, which {@link Tail#BUCKET} reads. Without it
   * that mass is {@code 1 - P}, which is 0 in f32 for a row whose slots hold nearly everything.
   *
   * @param value [rows] F32, see {@link RowVector#weights}; -inf where no mass is outside
   * @throws LossArgumentException if the vector does not fit
   */
  public TopKTeacher withLogTail(RowVector value) {
    TeacherShapes.checkRow("teacher_log_tail", value, ids.rows());
    return new TopKTeacher(ids, logProbabilities, tail, value, temperature, classes);
  }

  /**
   * Returns the teacher with the temperature of its log-probabilities. Where it differs from that of the loss, only the
   * two renormalised meanings can be computed, by {@code p ~ exp(l T0/T)} on the slots.
   *
   * @param value {@code T0}, from 1e-6 to 1e6
   * @throws LossArgumentException if it is out of the range of temperatures
   */
  public TopKTeacher atTemperature(double value) {
    TeacherShapes.requireTemperature(value);
    return new TopKTeacher(ids, logProbabilities, tail, logTail, OptionalDouble.of(value), classes);
  }

  /**
   * Returns the teacher with the number of classes that its lists were made from. A loss over another number is
   * refused.
   */
  public TopKTeacher ofClasses(int value) {
    return new TopKTeacher(ids, logProbabilities, tail, logTail, temperature, OptionalInt.of(value));
  }

  /** Classes, [rows, k]. */
  public IdMatrix ids() {
    return ids;
  }

  /** Log-probabilities of the classes, [rows, k]. */
  public MatrixView logProbabilities() {
    return logProbabilities;
  }

  /** What the classes without a slot mean. */
  public Tail tail() {
    return tail;
  }

  /** Logarithm of the mass outside the slots, [rows]; null where none is given. */
  public @Nullable RowVector logTail() {
    return logTail;
  }

  /** Temperature of the log-probabilities; empty for that of the loss. */
  public OptionalDouble temperature() {
    return temperature;
  }

  /** The number of classes that the lists were made from; empty if it is unknown. */
  public OptionalInt classes() {
    return classes;
  }

  @Override
  public long rows() {
    return ids.rows();
  }

  @Override
  public String label() {
    return "top-k " + tail.label();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof TopKTeacher teacher && teacher.ids.equals(ids)
        && teacher.logProbabilities.equals(logProbabilities) && teacher.tail == tail
        && Objects.equals(teacher.logTail, logTail) && teacher.temperature.equals(temperature)
        && teacher.classes.equals(classes);
  }

  @Override
  public int hashCode() {
    return Objects.hash(ids, logProbabilities, tail);
  }

  /** Kind, shape and options of the teacher. */
  @Override
  public String toString() {
    return label() + " " + logProbabilities + (logTail == null ? "" : ", with the log tail")
        + (temperature.isEmpty() ? "" : ", at temperature " + temperature.getAsDouble())
        + (classes.isEmpty() ? "" : ", of " + classes.getAsInt() + " classes");
  }
}
