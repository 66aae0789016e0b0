package dev.temper.kernel.run;

import dev.temper.Denominator;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.diagnostics.LaunchFootprint;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.Occupancy;
import dev.temper.kernel.device.ResultSlot;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.spec.BatchKernel;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.spi.LossCall;
import dev.temper.spi.MixedTeachers;
import dev.temper.spi.TeacherLists;
import dev.temper.spi.layout.LossParameters.Field;
import dev.temper.spi.layout.LossParameters;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One call of a loss, ready to run: its tensors are placed, its parameters written, its kernels prepared. A run waits
 * only if results must be copied to host memory that the kernels cannot access.
 */
final class LossLaunch implements AutoCloseable {

  private final KernelDevice device;
  private final LossCall call;
  private final @Nullable LossSpecialisation loss;
  private final PlacedTensors tensors;
  private final LossReadout readout;
  private final ResultSlot report;
  private final LaunchSequence sequence;

  /**
   * Makes a call ready; the stream lock is held, or the workspace is used by nothing else.
   *
   * @param loss one of the specialisations that compute this call; null for the check of a call without its row losses
   * @param report where the kernels write the report
   * @param arena for the parameters, open as long as the launch is used
   */
  LossLaunch(LossCall call, @Nullable LossSpecialisation loss, Workspace workspace, ResultSlot report, Arena arena) {
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
      boolean single = LossSteps.isSingleLaunch(loss, call);
      if (readout.isChecked() && !single) {
        device.load(BatchKernel.CHECK);
      }
      device.load(loss);
      if (readout.isReported() && !single) {
        device.load(BatchKernel.TOTALS);
      }
    }
  }

  private void place(Workspace workspace, LossParameters parameters) {
    LossInputs inputs = call.inputs();
    LossOutputs outputs = call.outputs();
    MatrixView gradient = outputs.gradient();
    long student = loss == null ? 0 : tensors.input("student", inputs.student());
    parameters.set(Field.STUDENT, student);
    long written = outputs.inPlace() ? student
        : outputs.addsToGradient() ? tensors.input("gradient", gradient) : tensors.output("gradient", gradient);
    parameters.set(Field.GRADIENT, written);
    if (gradient != null && (outputs.inPlace() || outputs.addsToGradient())) {
      tensors.inPlaceOutput(gradient, written);
    }
    TeacherLists lists = call.teacherLists();
    boolean readsTeacher = loss != null ? call.usesTeacher() : lists != null;
    parameters.set(Field.TEACHER, readsTeacher ? tensors.input("teacher", call.teacherMatrix()) : 0);
    if (lists != null) {
      parameters.set(Field.TEACHER_IDS, tensors.input("teacher_ids", lists.ids().values()));
      parameters.set(Field.TEACHER_LOG_TAIL, tensors.input("teacher_log_tail", lists.logTail()));
      parameters.set(Field.LIST_MASK_OFFSET, loss == null ? 0 : loss.listMaskOffset(call.classes()));
    }
    if (call.usesTeacher()) {
      placeTeacher(workspace, parameters);
    }
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
    parameters.set(Field.ROW_STUDENT_MASS, rowOutput(RowOutput.STUDENT_MASS));
    parameters.set(Field.ROW_TEACHER_MASS, rowOutput(RowOutput.TEACHER_MASS));
    parameters.set(Field.ROW_UNMAPPED_MASS, rowOutput(RowOutput.UNMAPPED_MASS));
    parameters.set(Field.ROW_TEMPERATURE_GRADIENT, call.outputs().temperatureGradient() && call.usesTeacher()
        ? workspace.bytes("row_temperature_gradient", rows() * Float.BYTES) : 0);
    parameters.set(Field.STATISTICS, isForward() ? tensors.output("statistics", call.statistics())
        : tensors.input("statistics", call.savedStatistics()));
    parameters.set(Field.STATUS, readout.isChecked() ? workspace.status().address() : 0);
    parameters.set(Field.REPORT, report.address());
    parameters.set(Field.FINISHED_BLOCKS, workspace.status().finishedBlocks());
    if (loss != null && readout.isReported() && LossSteps.isSingleLaunch(loss, call)) {
      parameters.set(Field.SINGLE_LAUNCH, LossSteps.totalsBlocks(rows(), isForward()));
    } else {
      parameters.set(Field.PARTS, workspace.bytes("parts", LossSteps.totalsParts(rows(), isForward())));
    }
  }

  /** Places what a teacher has beside one matrix. */
  private void placeTeacher(Workspace workspace, LossParameters parameters) {
    Teacher teacher = call.inputs().teacher();
    if (teacher instanceof Teacher.RowIndex selected) {
      parameters.set(Field.TEACHER_ROW_INDEX, tensors.input("teacher_row_index", selected.index()));
    }
    if (teacher instanceof Teacher.ClassMap mapped) {
      long bytes = Math.ceilDiv(mapped.logits().classes(), Integer.SIZE) * (long) Integer.BYTES;
      long taken = workspace.bytes("columns_taken", bytes);
      parameters.set(Field.CLASS_MAP, tensors.input("class_map", mapped.map()));
      parameters.set(Field.COLUMNS_TAKEN, taken);
      sequence.add(() -> device.zero(taken, bytes));
    }
    // The check of a batch reads no logits, and a copy of all of them would need memory on the device.
    List<MatrixView> mixed = loss == null ? List.of() : MixedTeachers.of(teacher).logits();
    for (int m = 0; m < mixed.size(); m++) {
      parameters.set(Field.MIXTURE_LOGITS, m, tensors.input("teacher." + m, mixed.get(m)));
    }
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
    boolean single = loss != null && LossSteps.isSingleLaunch(loss, call);
    if (readout.isChecked() && !single) {
      sequence.add(steps.check(parameters, rows()));
    }
    if (loss != null) {
      sequence.add(steps.rowLosses(loss, parameters, call));
    }
    if (readout.isReported() && !single) {
      sequence.add(steps.totals(parameters, rows(), isForward()));
    }
  }

  /** Occupancy and memory of the loss kernel. */
  LaunchFootprint footprint() {
    LossSpecialisation kernel = Objects.requireNonNull(loss);
    RowPlan plan = kernel.plan();
    long shared = kernel.sharedBytes(call.classes());
    Occupancy occupancy = device.occupancy(kernel, shared);
    return new LaunchFootprint(plan.label(), plan.blockThreads(), occupancy.registers(), occupancy.localBytes(), shared,
        occupancy.residentBlocks(),
        occupancy.residentBlocks()
            * plan.bytesInFlight(call.classes(), kernel.student().bytes(), kernel.teacherBytes()));
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
      MemorySegment written = report.await();
      if (readout.hasOutputs(written)) {
        tensors.download();
      }
      readout.totals(written);
    }
  }

  /** Records the kernels as a CUDA graph, which later runs replay. The stream lock is held. */
  void recordGraph() {
    requireRecordable();
    sequence.record();
  }

  void requireRecordable() {
    if (tensors.anyCopied()) {
      throw PlacedTensors.notRecordable();
    }
  }

  /** How the report of a run is read. */
  LossReadout readout() {
    return readout;
  }

  /** Whether row losses are written. */
  private boolean isForward() {
    return loss != null && call.savedStatistics() == null;
  }

  private long rows() {
    return call.inputs().student().rows();
  }

  @Override
  public void close() {
    sequence.close();
  }
}
