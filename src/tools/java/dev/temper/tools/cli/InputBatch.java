package dev.temper.tools.cli;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.LossInputs;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.internal.Names;
import dev.temper.io.Quoted;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFile;
import dev.temper.io.TensorInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The batch of an input file: tensors found by their known names, with leading dimensions flattened to rows.
 *
 * @param inputs views of the file's memory, valid until it is closed
 * @param student the student's logits, or its hidden states
 * @param head the student's head; null if the student is given by logits
 * @param added the existing values to which gradients are added, by name; empty if gradients are not added
 * @param leadingShape sizes before the classes, whose product is the number of rows
 */
record InputBatch(LossInputs inputs, Tensor student, @Nullable HeadInput head, Map<String, Tensor> added,
    List<Long> leadingShape) {

  private static final List<String> NAMES = Stream.of(
      List.of("student", "teacher", "labels", "row_weights", "row_temperatures"), TeacherInput.NAMES, HeadInput.NAMES)
      .flatMap(List::stream).toList();

  /**
   * Reads the tensors that the loss needs, and labels and row values if they are given.
   *
   * @param teacher kind of the teacher's values, and the teacher's file if it has its own
   * @param cached the teacher of that file; null if it has none
   * @param accumulates whether the gradient is added to a tensor of the file
   * @throws IllegalArgumentException if a tensor is missing or does not fit; the message names file and tensor
   */
  static InputBatch read(TensorFile file, DistillationLoss loss, TeacherOptions teacher, @Nullable Teacher cached,
      boolean accumulates) throws IOException {
    refuseMistypedNames(file);
    HeadInput head = file.tensors().containsKey("student_hidden") ? HeadInput.read(file, "student") : null;
    Tensor student = head != null ? head.hidden() : needed(file, "student", remedy(file));
    List<Long> leading = leading(student.shape());
    LossInputs inputs = head == null ? LossInputs.of(matrix(file, student))
        : LossInputs.hidden(head.states(file), head.head(file));
    if (loss.softWeight() > 0) {
      if (cached != null) {
        teacher.requireUsed(TeacherSource.FILE);
      }
      inputs = inputs.withTeacher(cached != null ? cached : TeacherInput.read(file, teacher, leading));
    }
    if (loss.hardWeight() > 0) {
      needed(file, "labels", "--hard-weight 0 does without");
    } else if (loss.softWeight() > 0 && loss.divergence() instanceof Divergence.Dkd) {
      needed(file, "labels", "every --divergence but dkd does without");
    }
    inputs = inputs.withLabels(perRow(file, "labels", leading))
        .withRowWeights(perRow(file, "row_weights", leading))
        .withRowTemperatures(perRow(file, "row_temperatures", leading));
    InputBatch batch = new InputBatch(inputs, student, head, new LinkedHashMap<>(), leading);
    if (accumulates) {
      for (Map.Entry<String, Tensor> gradient : batch.gradients().entrySet()) {
        batch.added.put(gradient.getKey(), added(file, gradient.getKey(), gradient.getValue()));
      }
    }
    return batch;
  }

  /** The names of all gradients, each with the tensor by which it is the gradient. */
  Map<String, Tensor> gradients() {
    Map<String, Tensor> gradients = new LinkedHashMap<>();
    gradients.put(head == null ? "gradient" : "gradient_hidden", student);
    if (head != null) {
      gradients.put("gradient_weight", head.weight());
      if (head.bias() != null) {
        gradients.put("gradient_bias", head.bias());
      }
    }
    return gradients;
  }

  private static String remedy(TensorFile file) {
    return file.tensors().containsKey("teacher_lse")
        ? "a file of temper topk is given by --teacher, and the batch by --input"
        : file.path().toString().endsWith(".npy")
        ? "a .npy file has one array; write student, teacher and labels to one .npz file, as numpy.savez does"
        : "student_hidden and student_weight may take its place";
  }

  private static Tensor added(TensorFile file, String name, Tensor by) throws IOException {
    Tensor gradient = needed(file, name, "it is what --accumulate adds to");
    if (!gradient.dtype().isFloating() || !gradient.shape().equals(by.shape())) {
      throw fault(file, gradient, "expected the shape of " + by.name() + ", " + by.shape() + ", and a floating type");
    }
    return gradient;
  }

  /**
   * Refuses names that are similar to a known name, because such a tensor would be ignored without a message. Other
   * names are allowed.
   */
  private static void refuseMistypedNames(TensorFile file) {
    List<String> absent = NAMES.stream().filter(name -> !file.tensors().containsKey(name)).toList();
    for (String name : file.tensors().keySet()) {
      String suggestion = NAMES.contains(name) || TeacherInput.isMember(name) ? "" : Names.suggestion(name, absent);
      if (!suggestion.isEmpty()) {
        throw new IllegalArgumentException(
            file.path() + ": unknown tensor " + Quoted.of(name) + suggestion + "; known: " + String.join(", ", NAMES));
      }
    }
  }

  static Tensor needed(TensorFile file, String name, String remedy) throws IOException {
    try {
      return file.tensor(name);
    } catch (IllegalArgumentException e) {
      throw file.tensors().containsKey(name) ? e : new IllegalArgumentException(e.getMessage() + "; " + remedy, e);
    }
  }

  static HostMatrix matrix(TensorFile file, Tensor tensor) {
    List<Long> shape = tensor.shape();
    long classes = shape.size() < 2 ? 0 : shape.getLast();
    if (!tensor.dtype().isFloating() || classes < 1 || classes > Integer.MAX_VALUE) {
      throw fault(file, tensor,
          "expected [rows, classes] or more leading dimensions, of F32, F16 or BF16, with 1 to 2^31 - 1 classes");
    }
    long rows = leading(shape).stream().reduce(1L, (a, b) -> a * b);
    return HostMatrix.of(tensor.data(), rows, (int) classes, tensor.dtype());
  }

  private static @Nullable RowVector perRow(TensorFile file, String name, List<Long> leading) throws IOException {
    TensorInfo info = file.tensors().get(name);
    if (info == null) {
      return null;
    }
    Tensor tensor = file.tensor(name);
    requireLeading(file, tensor, tensor.shape(), leading);
    return switch (name) {
      case "labels" -> RowVector.labels(tensor.data(), tensor.elements(), tensor.dtype());
      case "row_weights" -> RowVector.weights(tensor.data(), tensor.elements(), tensor.dtype());
      case "row_temperatures" -> RowVector.temperatures(tensor.data(), tensor.elements(), tensor.dtype());
      default -> throw new IllegalStateException(name + " is not a tensor of one value per row");
    };
  }

  static void requireLeading(TensorFile file, Tensor tensor, List<Long> found, List<Long> expected) {
    if (!found.equals(expected)) {
      List<String> sizes = new ArrayList<>(expected.stream().map(String::valueOf).toList());
      if (found.size() < tensor.shape().size()) {
        sizes.add("classes");
      }
      throw fault(file, tensor, "expected [" + String.join(", ", sizes) + "], one row for each of the student's");
    }
  }

  static List<Long> leading(List<Long> shape) {
    return shape.subList(0, Math.max(0, shape.size() - 1));
  }

  static IllegalArgumentException fault(TensorFile file, Tensor tensor, String expected) {
    TensorInfo stored = file.info(tensor.name());
    String found = stored.dtype().isPresent() ? tensor.describe() : stored.describe();
    return new IllegalArgumentException(file.path() + ": tensor '" + tensor.name() + "' is " + found + ", " + expected);
  }
}
