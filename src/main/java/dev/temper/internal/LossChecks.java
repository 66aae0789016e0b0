package dev.temper.internal;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.LossArgumentException;
import dev.temper.LossInputs;
import dev.temper.LossOption;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.spi.LossCall;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Checks a call before it reaches an engine. The same mistake therefore has the same message on every device. */
public final class LossChecks {

  private LossChecks() {}

  /**
   * Checks a call and returns it in the form for engines. Statistics lie in memory of the engine and need no check.
   *
   * @param hostOnly the device of the engine if it computes in host memory, else null
   */
  public static LossCall check(DistillationLoss loss, LossInputs inputs, LossOutputs outputs,
      @Nullable MatrixView statistics,
      @Nullable MatrixView savedStatistics, @Nullable String hostOnly) {
    long rows = inputs.student().rows();
    int classes = realClasses(loss, inputs);
    checkLabels(loss, inputs);
    requireRowValues("row_weights", inputs.rowWeights(), rows);
    requireRowValues("row_temperatures", inputs.rowTemperatures(), rows);
    if (inputs.rowTemperatures() != null && loss.teacherTemperature().isPresent()) {
      throw new LossArgumentException("row_temperatures and a separate ", LossOption.TEACHER_TEMPERATURE, " of ",
          loss.teacherTemperature().getAsDouble(), " exclude each other; leave one of them out");
    }
    if (inputs.denominator().isPresent() && !loss.reduction().isMean()) {
      throw new LossArgumentException(LossOption.DENOMINATOR, " is ", inputs.denominator().getAsDouble(), ", but ",
          LossOption.REDUCTION, " ", loss.reduction().label(), " divides by nothing; use ", LossOption.REDUCTION,
          " mean or batch-mean, or leave the denominator out");
    }
    checkGradient(inputs.student(), outputs);
    requireRowValues("row_soft", outputs.rowSoft(), rows);
    requireRowValues("row_hard", outputs.rowHard(), rows);
    LossTensors tensors = new LossTensors(loss, inputs, outputs);
    tensors.requireUsable();
    if (hostOnly != null) {
      tensors.requireHost(hostOnly);
    }
    LossCall call = new LossCall(loss, inputs, outputs, classes, statistics, savedStatistics);
    ProbabilityNote.look(call);
    return call;
  }

  private static int realClasses(DistillationLoss loss, LossInputs inputs) {
    MatrixView student = inputs.student();
    OptionalInt numClasses = loss.numClasses();
    requireWide("student", student, numClasses);
    if (loss.softWeight() == 0) {
      return numClasses.orElse(student.classes());
    }
    MatrixView teacher = switch (inputs.teacher()) {
      case null -> throw new LossArgumentException("teacher is missing, but ", LossOption.SOFT_WEIGHT, " is ",
          loss.softWeight(), "; give the teacher's logits or set ", LossOption.SOFT_WEIGHT, " to 0");
      case Teacher.Logits logits -> logits.matrix();
    };
    if (teacher.rows() != student.rows()) {
      throw new IllegalArgumentException("teacher has " + teacher.rows() + " rows, expected the student's "
          + student.rows()
          + "; teacher is " + teacher.describe() + ", student is " + student.describe());
    }
    requireWide("teacher", teacher, numClasses);
    if (numClasses.isEmpty() && teacher.classes() != student.classes()) {
      throw new LossArgumentException("student has ", student.classes(), " classes and teacher ", teacher.classes(),
          "; if they are one vocabulary padded differently, set ", LossOption.NUM_CLASSES,
          " to its real size (at most ",
          Math.min(student.classes(), teacher.classes()), ")");
    }
    return numClasses.orElse(student.classes());
  }

  private static void requireWide(String name, MatrixView matrix, OptionalInt numClasses) {
    if (numClasses.isPresent() && numClasses.getAsInt() > matrix.classes()) {
      throw new LossArgumentException(LossOption.NUM_CLASSES, " is ", numClasses.getAsInt(), ", but " + name
          + " has only ",
          matrix.classes(), " columns, expected at most that; set it to the real number of classes, or leave it out");
    }
  }

  private static void checkLabels(DistillationLoss loss, LossInputs inputs) {
    if (inputs.labels() != null) {
      requireLabelVector("labels", inputs.labels(), inputs.student().rows());
    } else if (loss.hardWeight() > 0) {
      throw new LossArgumentException("labels are missing, but ", LossOption.HARD_WEIGHT, " is ", loss.hardWeight(),
          "; give one label per row or set ", LossOption.HARD_WEIGHT, " to 0");
    }
  }

  public static void requireLabelVector(String name, RowVector vector, long rows) {
    if (vector.dtype() != DType.I32 && vector.dtype() != DType.I64) {
      throw new IllegalArgumentException(name + " has dtype " + vector.dtype() + ", expected I32 or I64; convert it");
    }
    requireLength(name, vector, rows);
  }

  private static void requireRowValues(String name, @Nullable RowVector vector, long rows) {
    if (vector == null) {
      return;
    }
    if (vector.dtype() != DType.F32) {
      throw new IllegalArgumentException(name + " has dtype " + vector.dtype() + ", expected F32; convert it");
    }
    requireLength(name, vector, rows);
  }

  private static void requireLength(String name, RowVector vector, long rows) {
    if (vector.length() != rows) {
      throw new IllegalArgumentException(
          name + " has " + vector.length() + " values, expected one per row: " + rows + "; give exactly as many");
    }
  }

  private static void checkGradient(MatrixView student, LossOutputs outputs) {
    MatrixView gradient = outputs.gradient();
    if (gradient == null) {
      return;
    }
    requireSameShape("gradient", gradient, "student", student);
    if (gradient.dtype() != student.dtype() && gradient.dtype() != DType.F32) {
      throw new IllegalArgumentException(
          "gradient has dtype " + gradient.dtype() + ", expected the student's " + student.dtype()
          + ", or F32; allocate it so");
    }
    if (outputs.inPlace() && (!Span.of(gradient).coincides(Span.of(student)) || gradient.dtype() != student.dtype())) {
      throw new IllegalArgumentException("gradient is asked to be in place, but is not the student's own view; pass "
          + "the student"
          + " matrix itself as the gradient, or separate memory without in-place");
    }
  }

  public static void requireGradient(LossOutputs outputs, String method) {
    if (outputs.gradient() == null) {
      throw new IllegalArgumentException("gradient is missing, but " + method
          + " writes it; give outputs a gradient matrix or call forward");
    }
  }

  public static void requireNothingButGradient(LossOutputs outputs) {
    if (outputs.rowSoft() != null || outputs.rowHard() != null || outputs.statistics() != null) {
      throw new IllegalArgumentException(
          "backward writes only the gradient, but outputs hold row losses or statistics; "
              + "ask the forward call for them");
    }
  }

  public static void requireTemperature(double temperature) {
    if (!(temperature >= DistillationLoss.MIN_TEMPERATURE && temperature <= DistillationLoss.MAX_TEMPERATURE)) {
      throw new LossArgumentException(
          LossOption.TEMPERATURE, " is ", temperature, ", expected a number from 1e-6 to 1e6; 1 is the plain softmax");
    }
  }

  /**
   * Checks the output of an element-wise map over rows. The output must have the shape of the input, and its memory
   * must be the same view or disjoint.
   */
  public static void requireMappable(String inputName, MatrixView input, String outputName, MatrixView output) {
    requireSameShape(outputName, output, inputName, input);
    CallTensor read = CallTensor.of(inputName, input);
    CallTensor written = CallTensor.of(outputName, output);
    read.requireReadable();
    written.requireWritable();
    if (!read.span().coincides(written.span()) || input.dtype() != output.dtype()) {
      written.requireDisjoint(read);
    }
  }

  private static void requireSameShape(String name, MatrixView matrix, String expectedName, MatrixView expected) {
    if (matrix.rows() != expected.rows() || matrix.classes() != expected.classes()) {
      throw new IllegalArgumentException(name + " is " + matrix.describe() + ", expected the shape of " + expectedName
          + ": ["
          + expected.rows() + ", " + expected.classes() + "]; allocate it so");
    }
  }
}
