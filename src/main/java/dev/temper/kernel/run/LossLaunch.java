package dev.temper.kernel.run;

import dev.temper.Denominator;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.diagnostics.LaunchFootprint;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.Occupancy;
import dev.temper.kernel.device.ResultSlot;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.spec.BatchKernel;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.spi.LossCall;
import dev.temper.spi.layout.LossParameters.Field;
import dev.temper.spi.layout.LossParameters;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One call of a loss, ready to run: its tensors are placed, its parameters written, its kernels prepared. A run waits
 * only if results must be copied to host memory that the kernels cannot access.
 */
final class LossLaunch implements AutoCloseable {

  private final KernelDevice device;
  private final LossCall call;
  private final LossSpecialisation loss;
  private final PlacedTensors tensors;
  private final LossReadout readout;
  private final ResultSlot report;
  private final LaunchSequence sequence;

  /**
   * Makes a call ready; the stream lock is held, or the workspace is used by nothing else.
   *
   * @param loss one of the specialisations that compute this call
   * @param report where the kernels write the report
   * @param arena for the parameters, open as long as the launch is used
   */
  LossLaunch(LossCall call, LossSpecialisation loss, Workspace workspace, ResultSlot report, Arena arena) {
    this.call = call;
    this.loss = loss;
    this.report = report;
    device = workspace.device();
    tensors = new PlacedTensors(workspace);
    readout = new LossReadout(call, device);
    sequence = new LaunchSequence(device, workspace.status(), report);
    LossParameters parameters = new LossParameters(arena.allocate(LossParameters.LAYOUT));
    parameters.write(call);
    place(workspace, parameters);
    if (rows() > 0) {
      prepare(parameters.block());
    }
  }

  /** Compiles and loads the kernels of a call; without the stream lock, because a compilation takes up to a second. */
  static void loadKernels(KernelDevice device, LossCall call, LossSpecialisation loss) {
    LossReadout readout = new LossReadout(call, device);
    if (call.inputs().student().rows() > 0) {
      if (readout.isChecked()) {
        device.load(BatchKernel.CHECK);
      }
      device.load(loss);
      if (readout.isReported()) {
        device.load(BatchKernel.TOTALS);
      }
    }
  }

  private void place(Workspace workspace, LossParameters parameters) {
    LossInputs inputs = call.inputs();
    LossOutputs outputs = call.outputs();
    MatrixView gradient = outputs.gradient();
    long student = tensors.input("student", inputs.student());
    parameters.set(Field.STUDENT, student);
    long written = outputs.inPlace() ? student
        : outputs.addsToGradient() ? tensors.input("gradient", gradient) : tensors.output("gradient", gradient);
    parameters.set(Field.GRADIENT, written);
    if (gradient != null && (outputs.inPlace() || outputs.addsToGradient())) {
      tensors.inPlaceOutput(gradient, written);
    }
    parameters.set(Field.TEACHER, call.usesTeacher() ? tensors.input("teacher", call.teacherLogits()) : 0);
    parameters.set(Field.LABELS, tensors.input("labels", inputs.labels()));
    parameters.set(Field.ROW_WEIGHTS, tensors.input("row_weights", inputs.rowWeights()));
    parameters.set(Field.ROW_TEMPERATURES, tensors.input("row_temperatures", inputs.rowTemperatures()));
    parameters.set(Field.SOFT_DENOMINATOR, denominator("soft_denominator", inputs.softDenominator()));
    parameters.set(Field.HARD_DENOMINATOR, denominator("hard_denominator", inputs.hardDenominator()));
    parameters.set(Field.ROW_SOFT, rowLosses(workspace, RowOutput.SOFT));
    parameters.set(Field.ROW_HARD, rowLosses(workspace, RowOutput.HARD));
    parameters.set(Field.ROW_LABEL_LOG_PROB, rowOutput(RowOutput.LABEL_LOG_PROB));
    parameters.set(Field.ROW_STUDENT_ENTROPY, rowOutput(RowOutput.STUDENT_ENTROPY));
    parameters.set(Field.ROW_TEACHER_ENTROPY, rowOutput(RowOutput.TEACHER_ENTROPY));
    parameters.set(Field.ROW_TEMPERATURE_GRADIENT, call.outputs().temperatureGradient() && call.usesTeacher()
        ? workspace.bytes("row_temperature_gradient", rows() * Float.BYTES) : 0);
    parameters.set(Field.STATISTICS, isForward() ? tensors.output("statistics", call.statistics())
        : tensors.input("statistics", call.savedStatistics()));
    parameters.set(Field.STATUS, readout.isChecked() ? workspace.status().address() : 0);
    parameters.set(Field.REPORT, report.address());
    parameters.set(Field.FINISHED_BLOCKS, workspace.status().finishedBlocks());
    parameters.set(Field.PARTS, workspace.bytes("parts", LossSteps.totalsParts(rows(), isForward())));
  }

  /**
   * The totals are sums of the row losses, so that a forward pass writes row losses even if the caller does not want
   * them.
   */
  private long rowLosses(Workspace workspace, RowOutput output) {
    if (!isForward()) {
      return 0;
    }
    return call.outputs().row(output) != null ? rowOutput(output)
        : workspace.bytes(output.tensor(), rows() * Float.BYTES);
  }

  private long rowOutput(RowOutput output) {
    return tensors.output(output.tensor(), call.outputs().row(output));
  }

  private long denominator(String name, @Nullable Denominator denominator) {
    return denominator instanceof Denominator.InMemory(RowVector vector) ? tensors.input(name, vector) : 0;
  }

  private void prepare(MemorySegment parameters) {
    LossSteps steps = new LossSteps(device, tensors.hostMemory());
    if (readout.isChecked()) {
      sequence.add(steps.check(parameters, rows()));
    }
    sequence.add(steps.rowLosses(loss, parameters, call));
    if (readout.isReported()) {
      sequence.add(steps.totals(parameters, rows(), isForward()));
    }
  }

  /** Occupancy and memory of the loss kernel. */
  LaunchFootprint footprint() {
    RowPlan plan = loss.plan();
    long shared = loss.sharedBytes(call.classes());
    Occupancy occupancy = device.occupancy(loss, shared);
    return new LaunchFootprint(plan.label(), plan.threads(), occupancy.registers(), occupancy.localBytes(), shared,
        occupancy.residentBlocks(),
        occupancy.residentBlocks() * plan.bytesInFlight(call.classes(), loss.student().bytes(), loss.teacherBytes()));
  }

  /**
   * Submits everything. The stream lock is held.
   *
   * @throws IllegalStateException if memory of a tensor was closed
   */
  void run() {
    tensors.requireOpen();
    tensors.upload();
    sequence.run();
    if (tensors.anyDownloads() && rows() > 0) {
      readout.totals(report.await());
      tensors.download();
    }
  }

  /** Records the kernels as a CUDA graph, which later runs replay. The stream lock is held. */
  void recordGraph() {
    if (tensors.anyCopied()) {
      throw new IllegalArgumentException("a tensor lies in host memory, expected all of them in device memory to "
          + "record a graph; "
          + "copy them to buffers of LossEngine.allocate");
    }
    sequence.record();
  }

  /** How the report of a run is read. */
  LossReadout readout() {
    return readout;
  }

  private boolean isForward() {
    return call.savedStatistics() == null;
  }

  private long rows() {
    return call.inputs().student().rows();
  }

  @Override
  public void close() {
    sequence.close();
  }
}
