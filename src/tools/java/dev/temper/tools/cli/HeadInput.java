package dev.temper.tools.cli;

import dev.temper.HostMatrix;
import dev.temper.LinearHead;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFile;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The head of the student or of the teacher in an input file.
 *
 * @param hidden hidden states, [rows, features]
 * @param weight [classes, features]
 * @param bias [classes]; null if there is none
 */
record HeadInput(Tensor hidden, Tensor weight, @Nullable Tensor bias) {

  /** Names of the tensors of both heads. */
  static final List<String> NAMES = List.of("student_hidden", "student_weight", "student_bias", "teacher_hidden",
      "teacher_weight", "teacher_bias");

  /**
   * Reads the head of an owner, {@code student} or {@code teacher}, whose hidden states the file holds.
   *
   * @throws IllegalArgumentException if the file also holds logits, or if a tensor is missing
   */
  static HeadInput read(TensorFile file, String owner) throws IOException {
    if (file.tensors().containsKey(owner)) {
      throw new IllegalArgumentException(file.path() + ": found tensor '" + owner + "' and tensor '" + owner
          + "_hidden', expected one of the two, because logits and hidden states exclude each other");
    }
    Tensor weight = InputBatch.needed(file, owner + "_weight", "it makes logits of " + owner + "_hidden");
    String bias = owner + "_bias";
    return new HeadInput(file.tensor(owner + "_hidden"), weight,
        file.tensors().containsKey(bias) ? file.tensor(bias) : null);
  }

  HostMatrix states(TensorFile file) {
    return InputBatch.matrix(file, hidden);
  }

  LinearHead head(TensorFile file) {
    if (weight.shape().size() != 2) {
      throw InputBatch.fault(file, weight, "expected [classes, features]");
    }
    LinearHead head = LinearHead.of(InputBatch.matrix(file, weight));
    if (bias == null) {
      return head;
    }
    if (!bias.shape().equals(List.of((long) head.classes())) || bias.dtype() != head.dtype()) {
      throw InputBatch.fault(file, bias, "expected [" + head.classes() + "] " + head.dtype()
          + ", one value for each class of " + weight.name());
    }
    return head.withBias(HostMatrix.of(bias.data(), 1, head.classes(), bias.dtype()));
  }
}
