package dev.temper.spi.layout;

import dev.temper.Denominator;
import dev.temper.HostMatrix;
import dev.temper.LossArgumentException;
import dev.temper.LossInputs;
import dev.temper.LossTotals;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.spi.LossCall;
import dev.temper.spi.RowChecks;
import dev.temper.spi.TeacherLists;
import dev.temper.spi.TeacherMass;
import dev.temper.spi.TeacherValues;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Converts the report of a call to its totals, or to the error for the first invalid value. */
public final class ReportReader {

  /** Reads the values that an error quotes. The vector is one of the call's inputs. */
  public interface Values {

    /** Returns a label. */
    long label(RowVector labels, long row);

    /** Returns lists of one row in host memory with the same content. */
    TeacherLists lists(TeacherLists lists);

    /** Returns one row of a matrix in host memory with the same content. */
    HostMatrix row(MatrixView matrix, long row);

    /** Returns a vector of I32 in host memory with the same content. */
    RowVector.Host vector(RowVector vector);

    /** Returns an f32. */
    float value(RowVector values, long row);
  }

  private ReportReader() {}

  /**
   * Returns the totals.
   *
   * @param report a block of {@link BatchReport#LAYOUT}
   * @throws IllegalArgumentException if a label, row weight, row temperature, list or denominator is invalid
   */
  public static LossTotals totals(LossCall call, MemorySegment report, Values values) {
    BatchStatus status = BatchReport.status(report);
    LossInputs inputs = call.inputs();
    RowVector labels = inputs.labels();
    if (status.badLabel().isPresent() && labels != null) {
      long row = status.badLabel().getAsLong();
      throw RowChecks.badLabel(row, values.label(labels, row), call.classes(), call.loss().ignoreIndex());
    }
    RowVector weights = inputs.rowWeights();
    if (status.badWeight().isPresent() && weights != null) {
      long row = status.badWeight().getAsLong();
      throw RowChecks.badWeight(row, values.value(weights, row));
    }
    RowVector temperatures = inputs.rowTemperatures();
    if (status.badTemperature().isPresent() && temperatures != null) {
      long row = status.badTemperature().getAsLong();
      throw RowChecks.badTemperature(row, values.value(temperatures, row));
    }
    if (status.badTeacher().isPresent()) {
      throw badTeacher(call, status.badTeacher().getAsLong(), values);
    }
    long bad = BatchReport.badDenominators(report);
    boolean isSoft = (bad & 1) != 0;
    @Nullable Denominator denominator = isSoft ? inputs.softDenominator() : inputs.hardDenominator();
    if (bad != 0 && denominator instanceof Denominator.InMemory(RowVector vector)) {
      throw RowChecks.badDenominator(inputs, !isSoft, values.value(vector, 0));
    }
    if (status.badMass().isPresent()) {
      throw badMass(call, status.badMass().getAsLong(), values);
    }
    LossTotals totals = BatchReport.totals(report, call.loss().reduction(), inputs.student().rows());
    return call.outputs().temperatureGradient()
        ? totals.withTemperatureGradient(BatchReport.temperatureGradient(report)) : totals;
  }

  /** Returns the error of an index, a map or a list, by a check of the values that the engine refused. */
  private static LossArgumentException badTeacher(LossCall call, long row, Values values) {
    try {
      switch (call.inputs().teacher()) {
        case Teacher.RowIndex selected -> {
          return TeacherValues.badIndex(row, values.label(selected.index(), row), selected.logits().rows());
        }
        case Teacher.ClassMap mapped ->
            TeacherValues.checkMap(values.vector(mapped.map()), call.classes(), mapped.logits().classes());
        case null, default -> {
          TeacherLists lists = call.teacherLists();
          if (lists != null) {
            TeacherValues.checkRow(values.lists(lists.rows(row, row + 1)), 0, row, call.classes());
          }
        }
      }
    } catch (LossArgumentException e) {
      return e;
    }
    return changed(row);
  }

  private static LossArgumentException badMass(LossCall call, long row, Values values) {
    MatrixView matrix = call.teacherLogits();
    LossArgumentException error = matrix == null ? null : TeacherMass.error(values.row(matrix, row), 0, row,
        call.classes(), call.inputs().teacher() instanceof Teacher.LogProbabilities);
    return error != null ? error : changed(row);
  }

  private static LossArgumentException changed(long row) {
    return new LossArgumentException("teacher: row ", row, " was invalid and changed during the call; leave inputs as"
        + " they are until a call has returned");
  }
}
