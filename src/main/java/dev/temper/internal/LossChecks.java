package dev.temper.internal;

import dev.temper.DType;
import dev.temper.Denominator;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
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
    HeadChecks.check(inputs, outputs);
    int classes = realClasses(loss, inputs);
    checkLabels(loss, inputs);
    requireRowValues("row_weights", inputs.rowWeights(), rows);
    requireRowValues("row_temperatures", inputs.rowTemperatures(), rows);
    if (inputs.rowTemperatures() != null && loss.teacherTemperature().isPresent()) {
      throw new LossArgumentException("row_temperatures and a separate ", LossOption.TEACHER_TEMPERATURE, " of ",
          loss.teacherTemperature().getAsDouble(), " exclude each other; leave one of them out");
    }
    requireDivided(loss, LossOption.SOFT_DENOMINATOR, inputs.softDenominator(), inputs);
    requireDivided(loss, LossOption.HARD_DENOMINATOR, inputs.hardDenominator(), inputs);
    OutputChecks.check(loss, inputs, outputs);
    LossTensors tensors = new LossTensors(loss, inputs, outputs);
    tensors.requireUsable();
    if (hostOnly != null) {
      tensors.requireHost(hostOnly);
    }
    LossCall call = new LossCall(loss, inputs, outputs, classes, statistics, savedStatistics);
    ProbabilityNote.look(call);
    return call;
  }

  private static void requireDivided(DistillationLoss loss, LossOption option, @Nullable Denominator denominator,
      LossInputs inputs) {
    if (denominator == null || loss.reduction().isMean()) {
      return;
    }
    LossOption given = denominator.equals(inputs.softDenominator()) && denominator.equals(inputs.hardDenominator())
        ? LossOption.DENOMINATOR : option;
    Object value = switch (denominator) {
      case Denominator.Value(double number) -> number;
      case Denominator.InMemory(RowVector vector) -> vector;
    };
    throw new LossArgumentException(given, " is ", value, ", but ", LossOption.REDUCTION, " ",
        loss.reduction().label(), " divides by nothing; use ", LossOption.REDUCTION,
        " mean or batch-mean, or leave the denominator out");
  }

  private static int realClasses(DistillationLoss loss, LossInputs inputs) {
    int width = HeadChecks.width(inputs);
    OptionalInt numClasses = loss.numClasses();
    requireWide(inputs.head() == null ? "student" : "the head of the student", width, numClasses);
    if (loss.softWeight() == 0) {
      return numClasses.orElse(width);
    }
    if (inputs.teacher() == null) {
      throw new LossArgumentException("teacher is missing, but ", LossOption.SOFT_WEIGHT, " is ",
          loss.softWeight(), "; give the teacher's logits or set ", LossOption.SOFT_WEIGHT, " to 0");
    }
    TeacherChecks.check(loss, inputs, inputs.teacher());
    return numClasses.orElse(width);
  }

  static void requireWide(String name, int width, OptionalInt numClasses) {
    if (numClasses.isPresent() && numClasses.getAsInt() > width) {
      throw new LossArgumentException(LossOption.NUM_CLASSES, " is ", numClasses.getAsInt(), ", but " + name
          + " has only ",
          width, " columns, expected at most that; set it to the real number of classes, or leave it out");
    }
  }

  private static void checkLabels(DistillationLoss loss, LossInputs inputs) {
    if (inputs.labels() != null) {
      requireLabelVector("labels", inputs.labels(), inputs.student().rows());
    } else if (loss.hardWeight() > 0) {
      throw new LossArgumentException("labels are missing, but ", LossOption.HARD_WEIGHT, " is ", loss.hardWeight(),
          "; give one label per row or set ", LossOption.HARD_WEIGHT, " to 0");
    } else if (loss.softWeight() > 0 && loss.divergence() instanceof Divergence.Dkd) {
      throw new LossArgumentException("labels are missing, but ", LossOption.DIVERGENCE, " ",
          loss.divergence().label(), " compares the label of each row with the other classes; give one label per row");
    }
  }

  public static void requireLabelVector(String name, RowVector vector, long rows) {
    if (vector.dtype() != DType.I32 && vector.dtype() != DType.I64) {
      throw new IllegalArgumentException(name + " has dtype " + vector.dtype() + ", expected I32 or I64; convert it");
    }
    requireLength(name, vector, rows);
  }

  static void requireRowValues(String name, @Nullable RowVector vector, long rows) {
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
    if (input.rowStride() == 0) {
      throw new IllegalArgumentException(inputName + " has row stride 0, expected at least the " + input.classes()
          + " classes of a row; only the inputs of a loss may repeat one row");
    }
    CallTensor read = CallTensor.of(inputName, input);
    CallTensor written = CallTensor.of(outputName, output);
    read.requireReadable();
    written.requireWritable();
    if (!read.span().coincides(written.span()) || input.dtype() != output.dtype()) {
      written.requireDisjoint(read);
    }
  }

  static void requireSameShape(String name, MatrixView matrix, String expectedName, MatrixView expected) {
    if (matrix.rows() != expected.rows() || matrix.classes() != expected.classes()) {
      throw new IllegalArgumentException(name + " is " + matrix.describe() + ", expected the shape of " + expectedName
          + ": ["
          + expected.rows() + ", " + expected.classes() + "]; allocate it so");
    }
  }
}
