package dev.temper.spi.layout;

import dev.temper.Denominator;
import dev.temper.LossInputs;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.spi.LossCall;
import dev.temper.spi.RowChecks;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Turns the report of a call into its totals, or into the error for the first invalid value. */
public final class ReportReader {

  /** Reads the values that an error quotes. The vector is one of the call's inputs. */
  public interface Values {

    /** Returns a label. */
    long label(RowVector labels, long row);

    /** Returns an f32. */
    float value(RowVector values, long row);
  }

  private ReportReader() {}

  /**
   * Returns the totals.
   *
   * @param report a block of {@link BatchReport#LAYOUT}
   * @throws IllegalArgumentException if a label, row weight, row temperature or denominator is invalid
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
    long bad = BatchReport.badDenominators(report);
    boolean isSoft = (bad & 1) != 0;
    @Nullable Denominator denominator = isSoft ? inputs.softDenominator() : inputs.hardDenominator();
    if (bad != 0 && denominator instanceof Denominator.InMemory(RowVector vector)) {
      throw RowChecks.badDenominator(inputs, !isSoft, values.value(vector, 0));
    }
    LossTotals totals = BatchReport.totals(report, call.loss().reduction(), inputs.student().rows());
    return call.outputs().temperatureGradient()
        ? totals.withTemperatureGradient(BatchReport.temperatureGradient(report)) : totals;
  }
}
