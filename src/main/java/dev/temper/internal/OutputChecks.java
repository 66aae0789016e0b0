package dev.temper.internal;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.LossArgumentException;
import dev.temper.LossInputs;
import dev.temper.LossOption;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowOutput;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;

/** Checks the outputs of a call: shapes, dtypes, and whether the loss has each output. */
public final class OutputChecks {

  private OutputChecks() {}

  static void check(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    checkGradient(inputs.head() == null ? "student" : "student_hidden", inputs.student(), outputs);
    for (RowOutput output : RowOutput.values()) {
      LossChecks.requireRowValues(output.tensor(), outputs.row(output), inputs.student().rows());
    }
    if (outputs.row(RowOutput.LABEL_LOG_PROB) != null && inputs.labels() == null) {
      throw new IllegalArgumentException(RowOutput.LABEL_LOG_PROB.tensor()
          + " needs the label of each row, but labels are missing; give labels or leave this output out");
    }
    if (outputs.row(RowOutput.TEACHER_ENTROPY) != null && loss.softWeight() == 0) {
      throw new LossArgumentException(RowOutput.TEACHER_ENTROPY.tensor(), " needs the teacher, which is not read,"
          + " because ", LossOption.SOFT_WEIGHT, " is 0; leave this output out");
    }
    checkMasses(loss, inputs, outputs);
    if (outputs.temperatureGradient()) {
      checkTemperatureGradient(loss, inputs);
    }
  }

  private static void checkMasses(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    for (RowOutput output : RowOutput.values()) {
      if (!output.isMass() || outputs.row(output) == null) {
        continue;
      }
      boolean needsMap = output == RowOutput.UNMAPPED_MASS;
      Teacher teacher = loss.softWeight() > 0 ? inputs.teacher() : null;
      boolean hasIt = needsMap ? teacher instanceof Teacher.ClassMap
          : teacher instanceof TopKTeacher || teacher instanceof Teacher.Sampled;
      if (!hasIt) {
        throw new LossArgumentException(output.tensor(), " needs a teacher with ", needsMap ? "a class map"
            : "lists of classes", ", found ", teacher == null ? "none" : teacher.label(), "; leave this output out");
      }
    }
  }

  private static void checkTemperatureGradient(DistillationLoss loss, LossInputs inputs) {
    if (!(loss.divergence() instanceof Divergence.ForwardKl)) {
      throw new LossArgumentException(LossOption.TEMPERATURE_GRADIENT, " and ", LossOption.DIVERGENCE, " ",
          loss.divergence().label(), " exclude each other, because the derivative is known for forward-kl only; leave"
          + " one of them out");
    }
    if (inputs.teacher() != null && loss.softWeight() > 0 && !TeacherChecks.isLogits(inputs.teacher())) {
      throw new LossArgumentException(LossOption.TEMPERATURE_GRADIENT, " and teacher ", inputs.teacher().label(),
          " exclude each other, because the derivative needs the logits of the teacher; leave one of them out");
    }
    if (inputs.rowTemperatures() != null) {
      throw new LossArgumentException(LossOption.TEMPERATURE_GRADIENT, " and row_temperatures exclude each other,"
          + " because each row then has a temperature of its own; leave one of them out");
    }
  }

  private static void checkGradient(String name, MatrixView student, LossOutputs outputs) {
    MatrixView gradient = outputs.gradient();
    if (gradient == null) {
      return;
    }
    LossChecks.requireSameShape("gradient", gradient, name, student);
    if (gradient.dtype() != student.dtype() && gradient.dtype() != DType.F32) {
      throw new IllegalArgumentException(
          "gradient has dtype " + gradient.dtype() + ", expected the student's " + student.dtype()
          + ", or F32; allocate it so");
    }
    if (outputs.inPlace() && (!Span.of(gradient).coincides(Span.of(student)) || gradient.dtype() != student.dtype())) {
      throw new IllegalArgumentException("gradient is in place, but is not the student's own view; give the " + name
          + " matrix itself to LossOutputs.gradientInPlace, or memory of its own to LossOutputs.gradient");
    }
  }

  public static void requireGradient(LossOutputs outputs, String method) {
    if (!outputs.hasGradient()) {
      throw new IllegalArgumentException("gradient is missing, but " + method
          + " writes it; give outputs a gradient matrix or call forward");
    }
  }

  public static void requireNothingButGradient(LossOutputs outputs) {
    boolean rows = false;
    for (RowOutput output : RowOutput.values()) {
      rows |= outputs.row(output) != null;
    }
    if (rows || outputs.temperatureGradient() || outputs.statistics() != null) {
      throw new IllegalArgumentException(
          "backward writes only the gradient, but outputs hold row values, a temperature gradient or statistics; "
              + "give them to the forward call");
    }
  }
}
