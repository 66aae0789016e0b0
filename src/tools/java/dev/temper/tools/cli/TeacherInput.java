package dev.temper.tools.cli;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.IdMatrix;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import dev.temper.io.Quoted;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

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
    TeacherSource source = source();
    options.requireUsed(source);
    return switch (source) {
      case LISTS, SAMPLES -> lists(source);
      case MIXTURE -> mixture();
      case HIDDEN -> hidden();
      case MATRIX -> matrix();
      case FILE -> throw new IllegalStateException("the teacher is in another file");
    };
  }

  /**
   * Returns how the tensors give the teacher.
   *
   * @throws IllegalArgumentException if the tensors make up several teachers
   */
  private TeacherSource source() {
    requireOne("teacher", "teacher_ids", "teacher.0", "teacher_hidden");
    requireOne("teacher_log_probs", "teacher_sample_weights");
    requireOne("teacher_row_index", "class_map");
    boolean isMixture = file.tensors().keySet().stream().anyMatch(TeacherInput::isMember)
        || (!options.weights.isEmpty() && !has("teacher_ids") && !has("teacher_hidden"));
    TeacherSource source = isMixture ? TeacherSource.MIXTURE : has("teacher_hidden") ? TeacherSource.HIDDEN
        : !has("teacher_ids") ? TeacherSource.MATRIX
        : has("teacher_sample_weights") ? TeacherSource.SAMPLES : TeacherSource.LISTS;
    for (String selecting : List.of("teacher_row_index", "class_map")) {
      if (source != TeacherSource.MATRIX && has(selecting)) {
        throw new IllegalArgumentException(file.path() + ": found tensor '" + selecting + "', which selects logits of"
            + " the tensor teacher, but the teacher is given by " + source.names() + "; leave one of them out");
      }
    }
    return source;
  }

  private void requireOne(String... names) {
    List<String> found = Stream.of(names).filter(this::has).map(name -> "'" + name + "'").toList();
    if (found.size() > 1) {
      throw new IllegalArgumentException(file.path() + ": found tensors " + String.join(" and ", found)
          + ", expected one of them, because each describes the teacher in another way; leave the others out");
    }
  }

  private Teacher hidden() throws IOException {
    HeadInput head = HeadInput.read(file, "teacher");
    InputBatch.requireLeading(file, head.hidden(), InputBatch.leading(head.hidden().shape()), leading);
    return Teacher.hidden(head.states(file), head.head(file));
  }

  private Teacher matrix() throws IOException {
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

  private Teacher lists(TeacherSource source) throws IOException {
    Tensor ids = file.tensor("teacher_ids");
    List<Long> shape = ids.shape();
    if (ids.dtype() != DType.I32 || shape.size() < 2 || !InputBatch.leading(shape).equals(leading)
        || shape.getLast() > Teacher.MOST_IDS) {
      throw InputBatch.fault(file, ids, "expected [rows, k] I32 with one row for each of the student's and k from 1 to "
          + Teacher.MOST_IDS);
    }
    int k = Math.toIntExact(shape.getLast());
    IdMatrix classes = IdMatrix.of(ids.data(), leading.stream().reduce(1L, (a, b) -> a * b), k);
    if (source == TeacherSource.SAMPLES) {
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
    if (options.weights.isEmpty()) {
      throw new IllegalArgumentException("--teacher-weights is missing, but " + file.path() + " holds "
          + file.tensors().keySet().stream().filter(TeacherInput::isMember).collect(Collectors.joining(", "))
          + "; give one weight for each teacher, such as 0.5,0.5");
    }
    List<HostMatrix> members = new ArrayList<>();
    for (String name : members()) {
      Tensor member = file.tensor(name);
      InputBatch.requireLeading(file, member, InputBatch.leading(member.shape()), leading);
      members.add(InputBatch.matrix(file, member));
    }
    return Teacher.mixture(members, options.weights.stream().mapToDouble(w -> w).toArray());
  }

  /**
   * Returns the names of the teachers, teacher.0 up to the highest in the file, and at least as many as weights.
   *
   * @throws IllegalArgumentException if one is missing, or if there is no second
   */
  private List<String> members() {
    int highest = file.tensors().keySet().stream().filter(TeacherInput::isMember)
        .mapToInt(name -> name.charAt(name.length() - 1) - '0').max().orElse(-1);
    int count = Math.max(2, Math.max(options.weights.size(), highest + 1));
    List<String> names = IntStream.range(0, count).mapToObj(m -> "teacher." + m).toList();
    List<String> missing = names.stream().filter(name -> !has(name)).map(name -> "'" + name + "'").toList();
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(file.path() + ": no tensor " + String.join(" and no tensor ", missing)
          + "; the file holds " + file.tensors().keySet().stream().map(Quoted::of).collect(Collectors.joining(", "))
          + "; --teacher-weights needs one tensor for each weight, teacher.0, teacher.1 and so on, and at least two; a"
          + " single teacher is the tensor 'teacher' without --teacher-weights");
    }
    return names;
  }

  private RowVector integers(String name, List<Long> shape) throws IOException {
    Tensor tensor = file.tensor(name);
    if (tensor.dtype() != DType.I32 || !tensor.shape().equals(shape)) {
      throw InputBatch.fault(file, tensor, "expected " + shape + " I32");
    }
    return RowVector.labels(tensor.data(), tensor.elements(), DType.I32);
  }
}
