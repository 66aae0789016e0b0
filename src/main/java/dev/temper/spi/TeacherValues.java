package dev.temper.spi;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.IgnoreScope;
import dev.temper.LossArgumentException;
import dev.temper.LossInputs;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.util.Arrays;

/**
 * Checks the values of a teacher other than logits: lists of classes, row indices and class maps. A row that does not
 * contribute is not checked, because its values are not read.
 */
public final class TeacherValues {

  private TeacherValues() {}

  /**
   * Checks the teacher of a call. All its values must lie in host memory.
   *
   * @throws LossArgumentException if a value is invalid; the message names the first invalid row or position and its
   *     value
   */
  public static void check(DistillationLoss loss, LossInputs inputs, int classes) {
    if (loss.softWeight() == 0) {
      return;
    }
    switch (inputs.teacher()) {
      case Teacher.RowIndex selected -> checkIndex(loss, inputs, selected);
      case Teacher.ClassMap mapped ->
          checkMap((RowVector.Host) mapped.map(), classes, mapped.logits().classes());
      case null, default -> checkLists(loss, inputs, classes);
    }
  }

  /** Returns whether a row contributes to the loss, so that its teacher is read. */
  public static boolean contributes(DistillationLoss loss, LossInputs inputs, long row) {
    boolean ignored = inputs.labels() instanceof RowVector.Host labels && loss.ignoreScope() == IgnoreScope.BOTH
        && HostRows.label(labels, row) == loss.ignoreIndex();
    boolean weightless = inputs.rowWeights() instanceof RowVector.Host weights && HostRows.value(weights, row) == 0;
    return !ignored && !weightless;
  }

  private static void checkIndex(DistillationLoss loss, LossInputs inputs, Teacher.RowIndex selected) {
    long rows = selected.logits().rows();
    for (long row = 0; row < selected.index().length(); row++) {
      long value = HostRows.label((RowVector.Host) selected.index(), row);
      if ((value < 0 || value >= rows) && contributes(loss, inputs, row)) {
        throw badIndex(row, value, rows);
      }
    }
  }

  /** Returns the exception for an invalid row index. */
  public static LossArgumentException badIndex(long row, long value, long rows) {
    return new LossArgumentException("teacher_row_index: row ", row, " has index ", value, ", expected 0 to ",
        rows - 1, " for ", rows, " rows of the teacher; -1 is allowed for ignored rows only");
  }

  /**
   * Checks a class map.
   *
   * @param columns number of columns of the teacher
   */
  public static void checkMap(RowVector.Host map, int classes, int columns) {
    int[] taken = new int[columns];
    Arrays.fill(taken, -1);
    for (int i = 0; i < classes; i++) {
      int column = (int) HostRows.label(map, i);
      if (column < -1 || column >= columns) {
        throw new LossArgumentException("class_map: class ", i, " has column ", column, ", expected 0 to ", columns - 1,
            " for ", columns, " columns of the teacher, or -1 for none");
      }
      if (column >= 0 && taken[column] >= 0) {
        throw new LossArgumentException("class_map: classes ", taken[column], " and ", i, " both have column ", column,
            ", expected each column once");
      }
      if (column >= 0) {
        taken[column] = i;
      }
    }
  }

  private static void checkLists(DistillationLoss loss, LossInputs inputs, int classes) {
    TeacherLists lists = TeacherLists.of(inputs.teacher());
    if (lists == null) {
      return;
    }
    long[] seen = new long[classes];
    for (long row = 0; row < lists.ids().rows(); row++) {
      if (contributes(loss, inputs, row)) {
        checkRow(lists, row, row, classes, seen);
      }
    }
  }

  /**
   * Checks one row of lists.
   *
   * @param place index of the row in the lists
   * @param row number of the row in messages
   */
  public static void checkRow(TeacherLists lists, long place, long row, int classes) {
    checkRow(lists, place, row, classes, new long[classes]);
  }

  private static void checkRow(TeacherLists lists, long place, long row, int classes, long[] seen) {
    RowVector.Host ids = (RowVector.Host) lists.ids().values();
    HostMatrix values = (HostMatrix) lists.values();
    int k = lists.ids().k();
    double mass = 0;
    double error = 0;
    for (int slot = 0; slot < k; slot++) {
      long id = HostRows.label(ids, place * k + slot);
      if (id < -1 || id >= classes) {
        throw new LossArgumentException("teacher_ids: row ", row, ", slot ", slot, " has id ", id, ", expected 0 to ",
            classes - 1, " for ", classes, " classes, or -1 for an unused slot");
      }
      if (id >= 0 && seen[(int) id] == row + 1) {
        throw new LossArgumentException("teacher_ids: row ", row, " has id ", id, " in slots ",
            slotOf(ids, place * k, id), " and ", slot, ", expected each id once");
      }
      if (id >= 0) {
        seen[(int) id] = row + 1;
        float value = HostRows.element(values, place, slot);
        requireValue(lists, row, slot, value);
        mass += lists.weights() ? 0 : Math.exp(value);
        error += lists.weights() || value == Float.NEGATIVE_INFINITY ? 0 : Math.exp(value) * (1 + Math.abs(value));
      }
    }
    double tolerance = error * roundoff(values.dtype()) + TeacherMass.SMALLEST_TOLERANCE;
    requireMass("teacher_log_probs", row, mass, tolerance);
    if (lists.logTail() instanceof RowVector.Host tails) {
      float logTail = HostRows.value(tails, place);
      if (!(logTail < Float.POSITIVE_INFINITY)) {
        throw new LossArgumentException("teacher_log_tail: row ", row, " has ", logTail,
            ", expected the logarithm of a mass, which may be -inf");
      }
      requireMass("teacher_log_probs and teacher_log_tail", row, mass + Math.exp(logTail), tolerance);
    }
  }

  private static void requireValue(TeacherLists lists, long row, int slot, float value) {
    boolean valid = lists.weights() ? value >= 0 && value < Float.POSITIVE_INFINITY : value < Float.POSITIVE_INFINITY;
    if (!valid) {
      throw new LossArgumentException(lists.valuesName(), ": row ", row, ", slot ", slot, " has ", value,
          lists.weights() ? ", expected a finite weight of 0 or more"
              : ", expected a log-probability, which may be -inf");
    }
  }

  private static void requireMass(String name, long row, double mass, double tolerance) {
    if (mass > 1 + tolerance) {
      throw new LossArgumentException(name, ": row ", row, " has the mass ", mass,
          ", expected at most 1; the values must be log-probabilities over all classes, at one temperature");
    }
  }

  private static int slotOf(RowVector.Host ids, long from, long id) {
    int slot = 0;
    while (HostRows.label(ids, from + slot) != id) {
      slot++;
    }
    return slot;
  }

  /** Returns the largest relative rounding error of a dtype. */
  public static double roundoff(DType dtype) {
    return switch (dtype) {
      case F32 -> 0x1p-24;
      case BF16 -> 0x1p-8;
      case F16 -> 0x1p-11;
      case I32, I64 -> throw new IllegalArgumentException(dtype + " is not a dtype of log-probabilities");
    };
  }
}
