package dev.temper.kernel.run;

import dev.temper.DType;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.diagnostics.LaunchFootprint;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.device.Occupancy;
import dev.temper.kernel.device.Readback;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.spec.BatchKernel;
import dev.temper.kernel.spec.BatchReport;
import dev.temper.kernel.spec.BatchStatus;
import dev.temper.kernel.spec.BatchTotals;
import dev.temper.kernel.spec.LossParameters;
import dev.temper.kernel.spec.LossParameters.Addresses;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.kernel.spec.Specialisation;
import dev.temper.spi.LossCall;
import dev.temper.spi.RowChecks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * One call made ready: tensors placed, parameters written, launches prepared. A run checks the rows where there is something to
 * check, computes loss and gradient, adds up the totals, and tells the host status and totals; none of it waits, unless a tensor
 * lies in host memory that the kernels cannot reach.
 */
final class LossRun implements AutoCloseable {

  private final KernelDevice device;
  private final LossCall call;
  private final LossSpecialisation loss;
  private final ResidentTensors tensors;
  private final LaunchStatus status;
  private final Readback readback;
  private final List<KernelLaunch> launches = new ArrayList<>();
  // Made once: a prepared call allocates nothing.
  private final Runnable kernels = this::launchKernels;
  private final KernelLaunch oneByOne = this::launchTogether;

  /**
   * Prepares.
   *
   * @param loss one of the instances that compute this call
   * @param readback where the host is told
   * @param arena for the parameters, open as long as the run is used
   */
  LossRun(LossCall call, LossSpecialisation loss, Workspace workspace, Readback readback, Arena arena) {
    this.call = call;
    this.loss = loss;
    device = workspace.device();
    tensors = new ResidentTensors(workspace);
    status = workspace.status();
    this.readback = readback;
    Addresses addresses = place(workspace);
    if (rows() > 0) {
      MemorySegment parameters = arena.allocate(LossParameters.LAYOUT);
      LossParameters.write(parameters, call, addresses);
      prepare(parameters);
    }
  }

  static Readback readback(KernelDevice device) {
    return device.readback(Math.toIntExact(BatchReport.LAYOUT.byteSize()));
  }

  private Addresses place(Workspace workspace) {
    LossInputs inputs = call.inputs();
    LossOutputs outputs = call.outputs();
    MatrixView gradient = outputs.gradient();
    long student = tensors.read("student", inputs.student());
    long gradientAddress = outputs.inPlace() ? student : tensors.write("gradient", gradient);
    if (outputs.inPlace() && gradient != null) {
      tensors.writeInPlace(gradient, student);
    }
    return new Addresses(student, call.usesTeacher() ? tensors.read("teacher", call.teacherLogits()) : 0, gradientAddress,
        tensors.read("labels", inputs.labels()), tensors.read("row_weights", inputs.rowWeights()),
        tensors.read("row_temperatures", inputs.rowTemperatures()), rowLosses(workspace, "row_soft", outputs.rowSoft()),
        rowLosses(workspace, "row_hard", outputs.rowHard()),
        call.savedStatistics() != null ? tensors.read("statistics", call.savedStatistics()) : tensors.write("statistics", call.statistics()),
        isChecked() ? status.address() : 0, readback.address(), status.finishedBlocks(),
        workspace.bytes("parts", (long) BatchTotals.PART_BYTES * totalsBlocks()));
  }

  /** The totals are made of the row losses, so that a forward pass writes them even where nobody asked for them. */
  private long rowLosses(Workspace workspace, String name, @Nullable RowVector wanted) {
    if (!isForward()) {
      return 0;
    }
    return wanted != null ? tensors.write(name, wanted) : workspace.bytes(name, rows() * Float.BYTES);
  }

  private void prepare(MemorySegment parameters) {
    if (isChecked()) {
      launch(BatchKernel.CHECK, parameters, BatchKernel.CHECK.blocks(rows()), BatchKernel.CHECK.sharedBytes());
    }
    launch(loss, parameters, blocks(), loss.sharedBytes(call.classes()));
    if (isReported()) {
      launch(BatchKernel.TOTALS, parameters, totalsBlocks(), BatchKernel.TOTALS.sharedBytes());
    }
  }

  private boolean isForward() {
    return call.savedStatistics() == null;
  }

  /** Whether a row can be invalid, or left out. */
  private boolean isChecked() {
    LossInputs inputs = call.inputs();
    return inputs.labels() != null || inputs.rowWeights() != null || inputs.rowTemperatures() != null;
  }

  /** A backward pass has no totals to tell, but what was wrong. */
  private boolean isReported() {
    return rows() > 0 && (isForward() || isChecked());
  }

  private int totalsBlocks() {
    return isForward() ? BatchKernel.TOTALS.blocks(rows()) : 1;
  }

  private long blocks() {
    RowPlan plan = loss.plan();
    if (!loss.takesNext()) {
      return plan.blocks(rows());
    }
    long atOnce = device.occupancy(loss, loss.sharedBytes(call.classes())).deviceBlocks();
    int period = period(call.inputs().student());
    return plan.blocks(rows(), atOnce, call.usesTeacher() ? Math.max(period, period(call.teacherLogits())) : period);
  }

  private static int period(@Nullable MatrixView logits) {
    return logits == null ? 1 : RowPlan.alignmentPeriod(logits.rowStride() * logits.dtype().bytes());
  }

  private void launch(Specialisation kernel, MemorySegment parameters, long blocks, long sharedBytes) {
    device.load(kernel);
    launches.add(device.prepare(kernel, parameters, blocks, sharedBytes));
  }

  /** What the loss kernel takes of a multiprocessor. */
  LaunchFootprint footprint() {
    RowPlan plan = loss.plan();
    long shared = loss.sharedBytes(call.classes());
    Occupancy occupancy = device.occupancy(loss, shared);
    return new LaunchFootprint(plan.label(), plan.threads(), occupancy.registers(), occupancy.localBytes(), shared, occupancy.residentBlocks(),
        occupancy.residentBlocks() * plan.bytesInFlight(call.classes(), loss.student().bytes(), loss.teacherBytes()));
  }

  /** Launches everything; waits where outputs must be copied to the host. */
  void run() {
    tensors.upload();
    launch(oneByOne);
    if (tensors.anyDownloads() && rows() > 0) {
      totals(readback.await());
      tensors.download();
    }
  }

  /** Launches the kernels as {@link #record} recorded them. */
  void launch(KernelLaunch kernels) {
    status.begin();
    try {
      kernels.run();
    } catch (RuntimeException | Error e) {
      status.failed(e);
      throw e;
    }
  }

  /** Records the kernels. */
  KernelLaunch record() {
    return device.record(kernels);
  }

  private void launchTogether() {
    device.together(kernels);
  }

  private void launchKernels() {
    for (int i = 0; i < launches.size(); i++) {  // without an iterator
      launches.get(i).run();
    }
    readback.mark();
  }

  /** Whether every tensor is where the kernels can reach it. */
  boolean isOnDevice() {
    return !tensors.anyCopied();
  }

  /**
   * Status and totals of a run.
   *
   * @throws IllegalArgumentException if the check found something
   */
  LossTotals totals(MemorySegment report) {
    if (!isReported()) {
      return BatchTotals.ofNothing(call.loss().reduction(), rows());
    }
    BatchStatus found = BatchReport.status(report);
    LossInputs inputs = call.inputs();
    throwIfPresent(found.badLabel(), row -> RowChecks.badLabel(row, label(inputs.labels(), row), call.classes(), call.loss().ignoreIndex()));
    throwIfPresent(found.badWeight(), row -> RowChecks.badWeight(row, value(inputs.rowWeights(), row)));
    throwIfPresent(found.badTemperature(), row -> RowChecks.badTemperature(row, value(inputs.rowTemperatures(), row)));
    return BatchReport.totals(report, call.loss().reduction(), rows());
  }

  private interface Fault {
    IllegalArgumentException at(long row);
  }

  private static void throwIfPresent(OptionalLong row, Fault fault) {
    if (row.isPresent()) {
      throw fault.at(row.getAsLong());
    }
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
      case RowVector.Device on -> device.download(on.address() + row * bytes, value);
    }
    return value;
  }

  private long rows() {
    return call.inputs().student().rows();
  }

  @Override
  public void close() {
    launches.forEach(KernelLaunch::close);
  }
}
