package dev.temper.tools.cli;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.IdMatrix;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The teacher of an input file: the tensor {@code teacher} alone, with a row index or with a class map, hidden states
 * with a head, several teachers, or lists of classes.
 */
final class TeacherInput {

  /** Names of the tensors of a teacher, beside {@code teacher}, {@code teacher.0}, {@code teacher.1} and so on. */
  static final List<String> NAMES = List.of("teacher_ids", "teacher_log_probs", "teacher_log_tail",
      "teacher_sample_weights", "teacher_row_index", "class_map", "teacher_lse", "teacher_mass");

  private final TensorFile file;
  private final TeacherOptions options;
  private final List<Long> leading;

  private TeacherInput(TensorFile file, TeacherOptions options, List<Long> leading) {
    this.file = file;
    this.options = options;
    this.leading = leading;
  }

  /**
   * Reads the teacher of a batch.
   *
   * @param leading sizes before the classes of the student
   */
  static Teacher read(TensorFile file, TeacherOptions options, List<Long> leading) throws IOException {
    return new TeacherInput(file, options, leading).read();
  }

  /** Whether a name is that of one of several teachers. */
  static boolean isMember(String name) {
    return name.matches("teacher\\.[0-9]");
  }

  private Teacher read() throws IOException {
    if (has("teacher_ids")) {
      return lists();
    }
    if (!options.weights.isEmpty() || has("teacher.0")) {
      return mixture();
    }
    if (has("teacher_hidden")) {
      requireLogits("teacher_hidden", "makes logits");
      HeadInput head = HeadInput.read(file, "teacher");
      InputBatch.requireLeading(file, head.hidden(), InputBatch.leading(head.hidden().shape()), leading);
      return Teacher.hidden(head.states(file), head.head(file));
    }
    Tensor teacher = InputBatch.needed(file, "teacher", "--soft-weight 0 does without");
    HostMatrix matrix = InputBatch.matrix(file, teacher);
    if (has("teacher_row_index")) {
      requireLogits("teacher_row_index", "selects logits");
      return Teacher.rowIndex(matrix, integers("teacher_row_index", leading));
    }
    InputBatch.requireLeading(file, teacher, InputBatch.leading(teacher.shape()), leading);
    if (has("class_map")) {
      requireLogits("class_map", "selects logits");
      Tensor map = file.tensor("class_map");
      return Teacher.classMap(matrix, integers("class_map", map.shape()));
    }
    return switch (options.form) {
      case LOGITS -> Teacher.logits(matrix);
      case LOG_PROBS -> Teacher.logProbabilities(matrix);
      case PROBS -> Teacher.probabilities(matrix);
    };
  }

  private boolean has(String name) {
    return file.tensors().containsKey(name);
  }

  private void requireLogits(String name, String does) {
    if (options.form != TeacherOptions.Form.LOGITS) {
      throw new IllegalArgumentException("--teacher-form " + options.form.label() + " and the tensor " + name
          + " exclude each other, because " + name + " " + does + "; leave one of them out");
    }
  }

  private Teacher lists() throws IOException {
    Tensor ids = file.tensor("teacher_ids");
    List<Long> shape = ids.shape();
    if (ids.dtype() != DType.I32 || shape.size() < 2 || !InputBatch.leading(shape).equals(leading)
        || shape.getLast() > Teacher.MOST_IDS) {
      throw InputBatch.fault(file, ids, "expected [rows, k] I32 with one row for each of the student's and k from 1 to "
          + Teacher.MOST_IDS);
    }
    int k = Math.toIntExact(shape.getLast());
    IdMatrix classes = IdMatrix.of(ids.data(), leading.stream().reduce(1L, (a, b) -> a * b), k);
    if (has("teacher_sample_weights")) {
      return Teacher.sampled(classes, InputBatch.matrix(file, file.tensor("teacher_sample_weights")));
    }
    HostMatrix logs = InputBatch.matrix(file,
        InputBatch.needed(file, "teacher_log_probs", "teacher_sample_weights may take its place"));
    TopKTeacher teacher = Teacher.topK(classes, logs, options.tail());
    if (has("teacher_log_tail")) {
      Tensor tail = file.tensor("teacher_log_tail");
      teacher = teacher.withLogTail(RowVector.weights(tail.data(), tail.elements(), tail.dtype()));
    }
    return options.logProbsAt == null ? teacher : teacher.atTemperature(options.logProbsAt);
  }

  private Teacher mixture() throws IOException {
    List<HostMatrix> members = new ArrayList<>();
    for (int m = 0; has("teacher." + m); m++) {
      Tensor member = file.tensor("teacher." + m);
      InputBatch.requireLeading(file, member, InputBatch.leading(member.shape()), leading);
      members.add(InputBatch.matrix(file, member));
    }
    if (options.weights.isEmpty()) {
      throw new IllegalArgumentException("--teacher-weights is missing, but " + file.path() + " holds " + members.size()
          + " teachers; give one weight for each");
    }
    return Teacher.mixture(members, options.weights.stream().mapToDouble(w -> w).toArray());
  }

  private RowVector integers(String name, List<Long> shape) throws IOException {
    Tensor tensor = file.tensor(name);
    if (tensor.dtype() != DType.I32 || !tensor.shape().equals(shape)) {
      throw InputBatch.fault(file, tensor, "expected " + shape + " I32");
    }
    return RowVector.labels(tensor.data(), tensor.elements(), DType.I32);
  }
}
