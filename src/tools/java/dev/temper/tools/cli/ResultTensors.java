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
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of the output file, and the outputs of the call that writes them.
 *
 * @param tensors gradient and row values, in the order of the file
 * @param outputs views of the tensors
 * @param notes one sentence for each row output that this batch does not have
 */
record ResultTensors(List<Tensor> tensors, LossOutputs outputs, List<String> notes) {

  private static final int ALIGNMENT = 64;

  /** No output file: the outputs are those of the totals alone. */
  static ResultTensors none() {
    return new ResultTensors(List.of(), LossOutputs.none(), List.of());
  }

  /**
   * Returns the tensors for a batch, in memory of the arena. With --accumulate the gradient starts as a copy of the
   * batch's.
   */
  static ResultTensors of(Arena arena, InputBatch batch, DistillationLoss loss, CallOptions options) {
    List<Tensor> tensors = new ArrayList<>();
    LossOutputs outputs = LossOutputs.none();
    for (Map.Entry<String, Tensor> by : batch.gradients().entrySet()) {
      Tensor gradient = gradient(arena, by.getKey(), by.getValue(), batch, options);
      tensors.add(gradient);
      outputs = with(outputs, gradient, options.accumulate);
    }
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

  private static LossOutputs with(LossOutputs outputs, Tensor gradient, boolean accumulates) {
    int columns = Math.toIntExact(gradient.shape().getLast());
    HostMatrix matrix = HostMatrix.of(gradient.data(), gradient.elements() / columns, columns, gradient.dtype());
    return switch (gradient.name()) {
      case "gradient_weight" ->
          accumulates ? outputs.withWeightGradientAddedTo(matrix) : outputs.withWeightGradient(matrix);
      case "gradient_bias" ->
          accumulates ? outputs.withBiasGradientAddedTo(matrix) : outputs.withBiasGradient(matrix);
      default -> accumulates ? LossOutputs.gradientAddedTo(matrix) : LossOutputs.gradient(matrix);
    };
  }

  private static Tensor gradient(Arena arena, String name, Tensor by, InputBatch batch, CallOptions options) {
    DType given = options.gradientDType(by.dtype());
    Tensor added = batch.added().get(name);
    if (added == null) {
      return allocate(arena, name, given == null ? by.dtype() : given, by.shape());
    }
    if (given != null && given != added.dtype()) {
      throw new IllegalArgumentException("tensor '" + name + "' is " + added.describe() + ", expected " + given
          + " as --gradient-dtype says; leave the option out to keep the tensor's type");
    }
    Tensor gradient = allocate(arena, name, added.dtype(), by.shape());
    gradient.data().copyFrom(added.data());
    return gradient;
  }

  private static Tensor allocate(Arena arena, String name, DType dtype, List<Long> shape) {
    long elements = shape.stream().reduce(1L, (a, b) -> a * b);
    MemorySegment data = arena.allocate(elements * dtype.bytes(), ALIGNMENT);
    return new Tensor(name, dtype, shape, data);
  }
}
