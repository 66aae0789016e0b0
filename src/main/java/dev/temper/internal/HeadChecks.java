package dev.temper.internal;

import dev.temper.DType;
import dev.temper.LinearHead;
import dev.temper.LossArgumentException;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.Teacher;
import org.jspecify.annotations.Nullable;

/** Checks hidden states against heads, and the gradients of a head. */
final class HeadChecks {

  private HeadChecks() {}

  /** Returns the number of logits that the student has in a row. */
  static int width(LossInputs inputs) {
    LinearHead head = inputs.head();
    return head == null ? inputs.student().classes() : head.classes();
  }

  /** Returns the shape of the student's logits for messages. */
  static String describe(LossInputs inputs) {
    return inputs.head() == null ? inputs.student().describe()
        : inputs.student().describe() + " by " + inputs.head();
  }

  static void check(LossInputs inputs, LossOutputs outputs) {
    LinearHead head = inputs.head();
    if (head == null) {
      requireNone("gradient_weight", outputs.weightGradient());
      requireNone("gradient_bias", outputs.biasGradient());
      return;
    }
    requireFits("student_hidden", inputs.student(), "student_weight", head);
    if (outputs.statistics() != null) {
      throw new LossArgumentException("statistics are kept of logits, and a head keeps none; call forwardBackward, or"
          + " leave the statistics out");
    }
    requireGradient("gradient_weight", outputs.weightGradient(), "student_weight", head.weight());
    if (outputs.biasGradient() != null && head.bias() == null) {
      throw new LossArgumentException("gradient_bias is given, but the head of the student has no bias; give it one"
          + " with LinearHead.withBias, or leave the gradient out");
    }
    requireGradient("gradient_bias", outputs.biasGradient(), "student_bias", head.bias());
  }

  /** Checks a teacher of hidden states, whose student must have a head too. */
  static void checkTeacher(LossInputs inputs, Teacher.Hidden teacher) {
    if (inputs.head() == null) {
      throw new LossArgumentException("the teacher is given by hidden states, but the student by logits; give both by"
          + " hidden states with LossInputs.hidden, or the teacher by logits");
    }
    requireFits("teacher_hidden", teacher.states(), "teacher_weight", teacher.head());
  }

  private static void requireFits(String name, MatrixView hidden, String weightName, LinearHead head) {
    if (hidden.classes() != head.features()) {
      throw new LossArgumentException(name, " is ", hidden.describe(), " and ", weightName, " ",
          head.weight().describe(), ", expected as many features in both: [rows, features] and [classes, features]");
    }
    if (hidden.dtype() != head.dtype()) {
      throw new LossArgumentException(name, " has dtype ", hidden.dtype(), " and ", weightName, " ", head.dtype(),
          ", expected the same; convert one of them");
    }
    if (hidden.rowStride() == 0 && hidden.rows() > 1) {
      throw new LossArgumentException(name, " has row stride 0, expected rows apart from each other, because matrix"
          + " products read no repeated row");
    }
  }

  private static void requireGradient(String name, @Nullable MatrixView gradient, String tensorName,
      @Nullable MatrixView tensor) {
    if (gradient == null || tensor == null) {
      return;
    }
    LossChecks.requireSameShape(name, gradient, tensorName, tensor);
    if (gradient.dtype() != tensor.dtype() && gradient.dtype() != DType.F32) {
      throw new LossArgumentException(name, " has dtype ", gradient.dtype(), ", expected ", tensor.dtype(), " of ",
          tensorName, ", or F32; allocate it so");
    }
  }

  private static void requireNone(String name, @Nullable MatrixView gradient) {
    if (gradient != null) {
      throw new LossArgumentException(name, " is given, but the student is given by logits, which have no head; give"
          + " it by LossInputs.hidden, or leave this gradient out");
    }
  }
}
