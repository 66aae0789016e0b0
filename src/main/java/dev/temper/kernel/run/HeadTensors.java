package dev.temper.kernel.run;

import dev.temper.LinearHead;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.Teacher;
import dev.temper.spi.LossCall;
import dev.temper.spi.MixedTeachers;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Checks the matrices of a batch, of which each chunk uses some rows. A bad address would otherwise be found only after
 * the first chunk has written outputs.
 *
 * @param tensors checks addresses
 */
record HeadTensors(PlacedTensors tensors) {

  /**
   * Checks that kernels can access every matrix in device memory.
   *
   * @throws IllegalArgumentException if kernels cannot access a matrix; the message names it
   */
  void requireAccessible(LossCall call) {
    LossInputs inputs = call.inputs();
    LossOutputs outputs = call.outputs();
    requireHidden("student", inputs.student(), inputs.head());
    if (call.usesTeacher()) {
      requireTeacher(inputs.teacher());
      tensors.requireAccessible("teacher", call.teacherMatrix());
    }
    tensors.requireAccessible("gradient", outputs.gradient());
    tensors.requireAccessible("gradient_weight", outputs.weightGradient());
    tensors.requireAccessible("gradient_bias", outputs.biasGradient());
  }

  private void requireTeacher(@Nullable Teacher teacher) {
    if (teacher instanceof Teacher.Hidden hidden) {
      requireHidden("teacher", hidden.states(), hidden.head());
    }
    List<MatrixView> mixed = MixedTeachers.of(teacher).logits();
    for (int m = 0; m < mixed.size(); m++) {
      tensors.requireAccessible("teacher." + m, mixed.get(m));
    }
  }

  private void requireHidden(String owner, MatrixView states, @Nullable LinearHead head) {
    tensors.requireAccessible(owner + "_hidden", states);
    if (head != null) {
      tensors.requireAccessible(owner + "_weight", head.weight());
      tensors.requireAccessible(owner + "_bias", head.bias());
    }
  }
}
