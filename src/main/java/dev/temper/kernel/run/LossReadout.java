package dev.temper.kernel.run;

import dev.temper.DType;
import dev.temper.Denominator;
import dev.temper.LossInputs;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.spi.layout.BatchReport;
import dev.temper.spi.layout.BatchStatus;
import dev.temper.spi.layout.BatchTotals;
import dev.temper.spi.LossCall;
import dev.temper.spi.RowChecks;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Turns the report of a launch into the totals of a call, or into the error for its first invalid row.
 *
 * @param call whose report it is
 * @param device holds the labels, weights and temperatures that an error quotes
 */
record LossReadout(LossCall call, KernelDevice device) {

  /** Whether a row can be invalid or ignored. */
  boolean isChecked() {
    LossInputs inputs = call.inputs();
    return inputs.labels() != null || inputs.rowWeights() != null || inputs.rowTemperatures() != null;
  }

  /** Whether the launch writes a report. A backward pass has no totals, so that its report can only hold errors. */
  boolean isReported() {
    LossInputs inputs = call.inputs();
    boolean reads = inputs.softDenominator() instanceof Denominator.InMemory
        || inputs.hardDenominator() instanceof Denominator.InMemory;
    return rows() > 0 && (call.savedStatistics() == null || isChecked() || reads);
  }

  /**
   * The totals.
   *
   * @param report a block of {@link BatchReport#LAYOUT}, not read if the launch writes none
   * @throws IllegalArgumentException if a label, row weight, row temperature or denominator is invalid
   */
  LossTotals totals(MemorySegment report) {
    if (!isReported()) {
      return BatchTotals.ofNothing(call.loss().reduction(), rows());
    }
    BatchStatus status = BatchReport.status(report);
    if (status.badLabel().isPresent()) {
      long row = status.badLabel().getAsLong();
      throw RowChecks.badLabel(row, label(call.inputs().labels(), row), call.classes(), call.loss().ignoreIndex());
    }
    if (status.badWeight().isPresent()) {
      long row = status.badWeight().getAsLong();
      throw RowChecks.badWeight(row, value(call.inputs().rowWeights(), row));
    }
    if (status.badTemperature().isPresent()) {
      long row = status.badTemperature().getAsLong();
      throw RowChecks.badTemperature(row, value(call.inputs().rowTemperatures(), row));
    }
    long bad = BatchReport.badDenominators(report);
    LossInputs inputs = call.inputs();
    if (((bad & 1) != 0 ? inputs.softDenominator() : inputs.hardDenominator())
        instanceof Denominator.InMemory(RowVector vector) && bad != 0) {
      throw RowChecks.badDenominator(inputs, (bad & 1) == 0, value(vector, 0));
    }
    return BatchReport.totals(report, call.loss().reduction(), rows());
  }

  private long rows() {
    return call.inputs().student().rows();
  }

  private long label(@Nullable RowVector labels, long row) {
    MemorySegment value = element(labels, row);
    return value.byteSize() == Integer.BYTES ? value.get(ValueLayout.JAVA_INT, 0) : value.get(ValueLayout.JAVA_LONG, 0);
  }

  private float value(@Nullable RowVector values, long row) {
    return element(values, row).get(ValueLayout.JAVA_FLOAT, 0);
  }

  private MemorySegment element(@Nullable RowVector vector, long row) {
    int bytes = vector == null ? DType.F32.bytes() : vector.dtype().bytes();
    MemorySegment value = MemorySegment.ofArray(new long[1]).asSlice(0, bytes);
    switch (vector) {
      case null -> { }
      case RowVector.Host host -> MemorySegment.copy(host.segment(), row * bytes, value, 0, bytes);
      case RowVector.Device onDevice -> device.download(onDevice.address() + row * bytes, value);
    }
    return value;
  }
}
