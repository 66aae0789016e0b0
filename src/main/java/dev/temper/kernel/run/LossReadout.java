package dev.temper.kernel.run;

import dev.temper.Denominator;
import dev.temper.DeviceMatrix;
import dev.temper.HostMatrix;
import dev.temper.IdMatrix;
import dev.temper.LossInputs;
import dev.temper.LossTotals;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.spi.layout.BatchReport;
import dev.temper.spi.layout.BatchTotals;
import dev.temper.spi.layout.Pass;
import dev.temper.spi.layout.ReportReader;
import dev.temper.spi.LossCall;
import dev.temper.spi.TeacherForm;
import dev.temper.spi.TeacherLists;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Converts the report of a launch to the totals of a call, or to the error for the first invalid row.
 *
 * @param call the call of the launch
 * @param device device that holds the labels, weights and temperatures for error messages
 */
record LossReadout(LossCall call, KernelDevice device) implements ReportReader.Values {

  /** Whether a row can be invalid or ignored, or the teacher be invalid. */
  boolean isChecked() {
    LossInputs inputs = call.inputs();
    return inputs.labels() != null || inputs.rowWeights() != null || inputs.rowTemperatures() != null
        || call.teacherLists() != null || call.teacherForm() != TeacherForm.LOGITS
        || (call.usesTeacher() && inputs.teacher() instanceof Teacher.RowIndex);
  }

  /** Whether the launch writes a report. A backward pass has no totals, so that its report can only hold errors. */
  boolean isReported() {
    LossInputs inputs = call.inputs();
    boolean reads = inputs.softDenominator() instanceof Denominator.InMemory
        || inputs.hardDenominator() instanceof Denominator.InMemory;
    return rows() > 0 && (Pass.of(call).isForward() || isChecked() || reads);
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
    return ReportReader.totals(call, report, this);
  }

  /**
   * Returns whether the launch wrote its outputs. A row without a distribution does not prevent that; its outputs are
   * NaN.
   */
  boolean hasOutputs(MemorySegment report) {
    return !isReported()
        || (BatchReport.status(report).isValid() && BatchReport.badDenominators(report) == 0);
  }

  private long rows() {
    return call.inputs().student().rows();
  }

  @Override
  public long label(RowVector labels, long row) {
    MemorySegment value = element(labels, row);
    return value.byteSize() == Integer.BYTES ? value.get(ValueLayout.JAVA_INT, 0) : value.get(ValueLayout.JAVA_LONG, 0);
  }

  @Override
  public TeacherLists lists(TeacherLists lists) {
    int k = lists.ids().k();
    int[] ids = new int[k];
    copy(lists.ids().values(), MemorySegment.ofArray(ids));
    RowVector tail = lists.logTail();
    float[] logTail = new float[1];
    if (tail != null) {
      copy(tail, MemorySegment.ofArray(logTail));
    }
    return new TeacherLists(IdMatrix.of(ids, 1, k), row(lists.values(), 0), lists.weights(),
        lists.tail(), tail == null ? null : RowVector.weights(logTail), lists.temperature());
  }

  @Override
  public HostMatrix row(MatrixView matrix, long row) {
    MatrixView one = matrix.rows(row, row + 1);
    MemorySegment values = MemorySegment.ofArray(new byte[Math.toIntExact(one.byteSize())]);
    switch (one) {
      case HostMatrix host -> MemorySegment.copy(host.segment(), 0, values, 0, values.byteSize());
      case DeviceMatrix onDevice -> device.download(onDevice.address(), values);
    }
    return HostMatrix.of(values, 1, one.classes(), one.dtype());
  }

  @Override
  public RowVector.Host vector(RowVector vector) {
    int[] values = new int[Math.toIntExact(vector.length())];
    copy(vector, MemorySegment.ofArray(values));
    return (RowVector.Host) RowVector.labels(values);
  }

  private void copy(RowVector vector, MemorySegment to) {
    switch (vector) {
      case RowVector.Host host -> MemorySegment.copy(host.segment(), 0, to, 0, to.byteSize());
      case RowVector.Device onDevice -> device.download(onDevice.address(), to);
    }
  }

  @Override
  public float value(RowVector values, long row) {
    return element(values, row).get(ValueLayout.JAVA_FLOAT, 0);
  }

  private MemorySegment element(RowVector vector, long row) {
    int bytes = vector.dtype().bytes();
    MemorySegment value = MemorySegment.ofArray(new long[1]).asSlice(0, bytes);
    switch (vector) {
      case RowVector.Host host -> MemorySegment.copy(host.segment(), row * bytes, value, 0, bytes);
      case RowVector.Device onDevice -> device.download(onDevice.address() + row * bytes, value);
    }
    return value;
  }
}
