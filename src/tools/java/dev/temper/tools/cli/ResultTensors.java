package dev.temper.tools.cli;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossOutputs;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import dev.temper.io.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of the output file, and the outputs of the call that writes them.
 *
 * @param tensors gradient and row values, in the order of the file
 * @param outputs views of the tensors
 * @param notes a sentence for each row output that this batch cannot have
 */
record ResultTensors(List<Tensor> tensors, LossOutputs outputs, List<String> notes) {

  private static final int ALIGNMENT = 64;

  /** No output file: the outputs are those of the totals alone. */
  static ResultTensors none() {
    return new ResultTensors(List.of(), LossOutputs.none(), List.of());
  }

  /** Tensors for a batch in memory of the arena. Under --accumulate the gradient holds a copy of the batch's. */
  static ResultTensors of(Arena arena, InputBatch batch, DistillationLoss loss, CallOptions options) {
    Tensor gradient = gradient(arena, batch, options);
    HostMatrix student = (HostMatrix) batch.inputs().student();
    HostMatrix matrix = HostMatrix.of(gradient.data(), student.rows(), student.classes(), gradient.dtype());
    LossOutputs outputs = options.accumulate ? LossOutputs.gradientAddedTo(matrix) : LossOutputs.gradient(matrix);
    List<Tensor> tensors = new ArrayList<>(List.of(gradient));
    List<String> notes = new ArrayList<>();
    for (RowOutput output : RowOutput.values()) {
      String missing = missing(output, batch, loss);
      if (!isWanted(output, options, batch.inputs().teacher())) {
        continue;
      }
      if (missing.isEmpty()) {
        Tensor tensor = allocate(arena, output.tensor(), DType.F32, batch.leadingShape());
        tensors.add(tensor);
        outputs = outputs.withRow(output, RowVector.losses(tensor.data(), tensor.elements(), tensor.dtype()));
      } else {
        notes.add(output.tensor() + " is left out, because " + missing);
      }
    }
    return new ResultTensors(tensors, outputs, notes);
  }

  private static boolean isWanted(RowOutput output, CallOptions options, @Nullable Teacher teacher) {
    return switch (output) {
      case SOFT, HARD -> true;
      case LABEL_LOG_PROB, STUDENT_ENTROPY, TEACHER_ENTROPY -> options.rowOutputs;
      case STUDENT_MASS, TEACHER_MASS ->
          options.rowOutputs && (teacher instanceof TopKTeacher || teacher instanceof Teacher.Sampled);
      case UNMAPPED_MASS -> options.rowOutputs && teacher instanceof Teacher.ClassMap;
    };
  }

  private static String missing(RowOutput output, InputBatch batch, DistillationLoss loss) {
    return switch (output) {
      case SOFT, HARD, STUDENT_ENTROPY -> "";
      case STUDENT_MASS, TEACHER_MASS, UNMAPPED_MASS ->
          loss.softWeight() == 0 ? "--soft-weight 0 reads no teacher" : "";
      case LABEL_LOG_PROB -> batch.inputs().labels() == null ? "the batch has no labels" : "";
      case TEACHER_ENTROPY -> loss.softWeight() == 0 ? "--soft-weight 0 reads no teacher" : "";
    };
  }

  private static Tensor gradient(Arena arena, InputBatch batch, CallOptions options) {
    Tensor student = batch.student();
    DType given = options.gradientDType(student.dtype());
    Tensor added = batch.gradient();
    if (added == null) {
      return allocate(arena, "gradient", given == null ? student.dtype() : given, student.shape());
    }
    if (given != null && given != added.dtype()) {
      throw new IllegalArgumentException("tensor 'gradient' is " + added.describe() + ", expected " + given
          + " as --gradient-dtype says; leave the option out to keep the tensor's type");
    }
    Tensor gradient = allocate(arena, "gradient", added.dtype(), student.shape());
    gradient.data().copyFrom(added.data());
    return gradient;
  }

  private static Tensor allocate(Arena arena, String name, DType dtype, List<Long> shape) {
    long elements = shape.stream().reduce(1L, (a, b) -> a * b);
    MemorySegment data = arena.allocate(elements * dtype.bytes(), ALIGNMENT);
    return new Tensor(name, dtype, shape, data);
  }
}
