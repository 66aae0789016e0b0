package dev.temper.kernel.run;

import dev.temper.Denominator;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.device.ResultSlot;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.spi.LossCall;
import dev.temper.spi.MixedTeachers;
import dev.temper.spi.TeacherLists;
import dev.temper.spi.layout.LossParameters;
import dev.temper.spi.layout.LossParameters.Field;
import dev.temper.spi.layout.Pass;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The addresses at which kernels access the tensors of a call, and the parameters that hold the addresses. */
final class LossPlacement {

  private final LossCall call;
  private final @Nullable LossSpecialisation loss;
  private final @Nullable SharedBatch batch;
  private final Workspace workspace;
  private final ResultSlot report;
  private final PlacedTensors tensors;
  private final LossReadout readout;
  private final LossParameters parameters;
  private final Map<RowOutput, Long> rowOutputs = new EnumMap<>(RowOutput.class);
  private @Nullable KernelLaunch clearing;
  private long columnsTaken;

  /**
   * Places the tensors.
   *
   * @param loss the kernel of the row losses; null for the check and the totals of a batch, which read no logits
   * @param batch the batch that the rows are a chunk of; null for all rows
   * @param report where the kernels write the report
   * @param arena arena of the parameters
   */
  LossPlacement(LossCall call, @Nullable LossSpecialisation loss, @Nullable SharedBatch batch, Workspace workspace,
      ResultSlot report, Arena arena) {
    this.call = call;
    this.loss = loss;
    this.batch = batch;
    this.workspace = workspace;
    this.report = report;
    tensors = new PlacedTensors(workspace);
    readout = new LossReadout(call, workspace.device());
    parameters = new LossParameters(arena.allocate(LossParameters.LAYOUT));
    parameters.write(call);
    place();
  }

  PlacedTensors tensors() {
    return tensors;
  }

  LossReadout readout() {
    return readout;
  }

  MemorySegment parameters() {
    return parameters.block();
  }

  /** Whether the kernel of the row losses checks the rows and writes the report itself. */
  boolean isSingleLaunch() {
    return loss != null && batch == null && readout.isReported() && LossSteps.isSingleLaunch(loss, call);
  }

  /** Returns the launch that clears memory before the check, if one is needed. */
  Optional<KernelLaunch> clearing() {
    return Optional.ofNullable(clearing);
  }

  /** Waits for the stream and copies the outputs that lie in host memory which kernels cannot access. */
  void download() {
    if (tensors.anyDownloads() && rows() > 0) {
      MemorySegment written = report.await();
      if (readout.hasOutputs(written)) {
        tensors.download();
      }
      readout.totals(written);
    }
  }

  /** Returns the address of an output with one value for each row, or 0 if it is absent. */
  long address(RowOutput output) {
    return rowOutputs.getOrDefault(output, 0L);
  }

  /** Returns the memory that a chunk shares with this batch. */
  SharedBatch shared(long firstRow) {
    long temperatureGradient = rowTemperatureGradient();
    return new SharedBatch(workspace.status().address(), firstRow,
        temperatureGradient == 0 ? 0 : temperatureGradient + firstRow * Float.BYTES, columnsTaken);
  }

  private void place() {
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
      placeTeacher();
    }
    parameters.set(Field.LABELS, tensors.input("labels", inputs.labels()));
    parameters.set(Field.ROW_WEIGHTS, tensors.input("row_weights", inputs.rowWeights()));
    parameters.set(Field.ROW_TEMPERATURES, tensors.input("row_temperatures", inputs.rowTemperatures()));
    parameters.set(Field.SOFT_DENOMINATOR, denominator("soft_denominator", inputs.softDenominator()));
    parameters.set(Field.HARD_DENOMINATOR, denominator("hard_denominator", inputs.hardDenominator()));
    for (RowOutput output : RowOutput.values()) {
      boolean isSummed = output == RowOutput.SOFT || output == RowOutput.HARD;
      long address = isSummed ? rowLosses(output) : rowOutput(output);
      parameters.set(fieldOf(output), address);
      rowOutputs.put(output, address);
    }
    parameters.set(Field.ROW_TEMPERATURE_GRADIENT, rowTemperatureGradient());
    parameters.set(Field.STATISTICS, isForward() ? tensors.output("statistics", call.statistics())
        : tensors.input("statistics", call.savedStatistics()));
    parameters.set(Field.STATUS,
        !readout.isChecked() ? 0 : batch != null ? batch.status() : workspace.status().address());
    parameters.set(Field.FIRST_ROW, batch == null ? 0 : batch.firstRow());
    parameters.set(Field.REPORT, report.address());
    parameters.set(Field.FINISHED_BLOCKS, workspace.status().finishedBlocks());
    if (isSingleLaunch()) {
      parameters.set(Field.SINGLE_LAUNCH, LossSteps.totalsBlocks(rows(), isForward()));
    } else {
      parameters.set(Field.PARTS, workspace.bytes("parts", LossSteps.totalsParts(rows(), isForward())));
    }
  }

  /** Places the tensors of a teacher that has more than one matrix. */
  private void placeTeacher() {
    Teacher teacher = call.inputs().teacher();
    if (teacher instanceof Teacher.RowIndex selected) {
      parameters.set(Field.TEACHER_ROW_INDEX, tensors.input("teacher_row_index", selected.index()));
    }
    if (teacher instanceof Teacher.ClassMap mapped) {
      parameters.set(Field.CLASS_MAP, tensors.input("class_map", mapped.map()));
      parameters.set(Field.COLUMNS_TAKEN, batch != null ? batch.columnsTaken() : clearedColumns(mapped));
    }
    // The check of a batch reads no logits, and a copy of all of them would need memory on the device.
    List<MatrixView> mixed = loss == null ? List.of() : MixedTeachers.of(teacher).logits();
    for (int m = 0; m < mixed.size(); m++) {
      parameters.set(Field.MIXTURE_LOGITS, m, tensors.input("teacher." + m, mixed.get(m)));
    }
  }

  /** Address of the bits of the taken columns, which a launch clears before it checks the class map. */
  private long clearedColumns(Teacher.ClassMap mapped) {
    long bytes = Math.ceilDiv(mapped.logits().classes(), Integer.SIZE) * (long) Integer.BYTES;
    columnsTaken = workspace.bytes("columns_taken", bytes);
    KernelDevice device = workspace.device();
    clearing = () -> device.zero(columnsTaken, bytes);
    return columnsTaken;
  }

  /**
   * The totals are sums of the row losses, so a forward pass writes row losses even if the caller has no output for
   * them.
   */
  private long rowLosses(RowOutput output) {
    if (!isForward()) {
      return 0;
    }
    return call.outputs().row(output) != null ? rowOutput(output)
        : workspace.bytes(output.tensor(), rows() * Float.BYTES);
  }

  private static Field fieldOf(RowOutput output) {
    return switch (output) {
      case SOFT -> Field.ROW_SOFT;
      case HARD -> Field.ROW_HARD;
      case LABEL_LOG_PROB -> Field.ROW_LABEL_LOG_PROB;
      case STUDENT_ENTROPY -> Field.ROW_STUDENT_ENTROPY;
      case TEACHER_ENTROPY -> Field.ROW_TEACHER_ENTROPY;
      case STUDENT_MASS -> Field.ROW_STUDENT_MASS;
      case TEACHER_MASS -> Field.ROW_TEACHER_MASS;
      case UNMAPPED_MASS -> Field.ROW_UNMAPPED_MASS;
    };
  }

  private long rowOutput(RowOutput output) {
    return tensors.output(output.tensor(), call.outputs().row(output));
  }

  private long denominator(String name, @Nullable Denominator denominator) {
    return denominator instanceof Denominator.InMemory(RowVector vector) ? tensors.input(name, vector) : 0;
  }

  private long rowTemperatureGradient() {
    if (!call.outputs().temperatureGradient() || !call.usesTeacher()) {
      return 0;
    }
    return batch != null ? batch.rowTemperatureGradient()
        : workspace.bytes("row_temperature_gradient", rows() * Float.BYTES);
  }

  private boolean isForward() {
    return Pass.of(call).isForward();
  }

  private long rows() {
    return call.inputs().student().rows();
  }
}
