package dev.temper.spi;

import dev.temper.Denominator;
import dev.temper.DistillationLoss;
import dev.temper.LossArgumentException;
import dev.temper.LossInputs;
import dev.temper.LossOption;
import dev.temper.RowVector;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Checks the values of labels, row weights, row temperatures and denominators in memory. All engines use these checks
 * and messages.
 *
 * <p>Labels are checked first, then weights, temperatures, denominators and the integers and lists of the teacher. The
 * message names the first invalid row, counted from 0.
 */
public final class RowChecks {

  private RowChecks() {}

  /**
   * Checks every label, row weight, row temperature and denominator. All of them must lie in host memory.
   *
   * @return number of rows with a label other than ignoreIndex, or of all rows if the call has no labels
   * @throws IllegalArgumentException if a value is invalid; the message names the first invalid row and its value
   */
  public static long check(LossCall call) {
    return check(call.loss(), call.inputs(), call.classes());
  }

  /** Checks a loss over {@code classes} real classes like {@link #check(LossCall)}, without a call. */
  public static long check(DistillationLoss loss, LossInputs inputs, int classes) {
    long rows = inputs.student().rows();
    long counted = rows;
    RowVector.Host labels = host(inputs.labels());
    if (labels != null) {
      counted = countLabels(labels, rows, classes, loss.ignoreIndex());
    }
    RowVector.Host weights = host(inputs.rowWeights());
    if (weights != null) {
      for (long row = 0; row < rows; row++) {
        float weight = HostRows.value(weights, row);
        if (!isWeight(weight)) {
          throw badWeight(row, weight);
        }
      }
    }
    RowVector.Host temperatures = host(inputs.rowTemperatures());
    if (temperatures != null) {
      for (long row = 0; row < rows; row++) {
        float temperature = HostRows.value(temperatures, row);
        if (!isTemperature(temperature)) {
          throw badTemperature(row, temperature);
        }
      }
    }
    checkDenominators(inputs);
    TeacherValues.check(loss, inputs, classes);
    return counted;
  }

  private static void checkDenominators(LossInputs inputs) {
    boolean same = Objects.equals(inputs.softDenominator(), inputs.hardDenominator());
    check(same ? LossOption.DENOMINATOR : LossOption.SOFT_DENOMINATOR, inputs.softDenominator());
    check(LossOption.HARD_DENOMINATOR, inputs.hardDenominator());
  }

  /**
   * Returns the exception for an invalid denominator in memory.
   *
   * @param inputs inputs of the call
   * @param hard whether the denominator is that of the hard part
   * @param value value in memory
   */
  public static LossArgumentException badDenominator(LossInputs inputs, boolean hard, float value) {
    boolean same = Objects.equals(inputs.softDenominator(), inputs.hardDenominator());
    return badDenominator(
        same ? LossOption.DENOMINATOR : hard ? LossOption.HARD_DENOMINATOR : LossOption.SOFT_DENOMINATOR, value);
  }

  private static void check(LossOption option, @Nullable Denominator denominator) {
    if (denominator instanceof Denominator.InMemory(RowVector.Host vector)) {
      float value = HostRows.value(vector, 0);
      if (!isDenominator(value)) {
        throw badDenominator(option, value);
      }
    }
  }

  /** Returns whether a label is valid: a class or {@code ignoreIndex}. */
  public static boolean isLabel(long label, int classes, long ignoreIndex) {
    return label == ignoreIndex || (label >= 0 && label < classes);
  }

  /** Returns whether a row weight is valid: finite, of any sign. */
  public static boolean isWeight(float weight) {
    return Float.isFinite(weight);
  }

  /** Returns whether a row temperature is valid: an f32 from 1e-6 to 1e6. */
  public static boolean isTemperature(float temperature) {
    return temperature >= (float) DistillationLoss.MIN_TEMPERATURE
        && temperature <= (float) DistillationLoss.MAX_TEMPERATURE;
  }

  /** Returns the exception for an invalid label. */
  public static LossArgumentException badLabel(long row, long label, int classes, long ignoreIndex) {
    return new LossArgumentException("labels: row ", row, " has label ", label, ", expected 0 to ", classes - 1,
        " for ",
        classes, " classes, or ", LossOption.IGNORE_INDEX, " ", ignoreIndex, "; correct the label, or set ",
        LossOption.IGNORE_INDEX, " to the value that marks rows to leave out");
  }

  /** Returns the exception for an invalid row weight. */
  public static LossArgumentException badWeight(long row, float weight) {
    return new LossArgumentException("row_weights: row ", row, " has weight ", weight,
        ", expected a finite number; give a row that shall not count the weight 0");
  }

  /** Returns whether a denominator in memory is valid: finite and above 0. */
  public static boolean isDenominator(float denominator) {
    return denominator > 0 && denominator < Float.POSITIVE_INFINITY;
  }

  /** Returns the exception for an invalid denominator in memory. */
  public static LossArgumentException badDenominator(LossOption option, float denominator) {
    return new LossArgumentException(option, " in memory is ", denominator,
        ", expected a finite number above 0, such as the global token count");
  }

  /** Returns the exception for an invalid row temperature. */
  public static LossArgumentException badTemperature(long row, float temperature) {
    return new LossArgumentException("row_temperatures: row ", row, " has temperature ", temperature,
        ", expected a number from 1e-6 to 1e6; 1 is the plain softmax");
  }

  private static long countLabels(RowVector.Host labels, long rows, int classes, long ignoreIndex) {
    long counted = 0;
    for (long row = 0; row < rows; row++) {
      long label = HostRows.label(labels, row);
      if (!isLabel(label, classes, ignoreIndex)) {
        throw badLabel(row, label, classes, ignoreIndex);
      }
      if (label != ignoreIndex) {
        counted++;
      }
    }
    return counted;
  }

  private static RowVector.@Nullable Host host(@Nullable RowVector vector) {
    return switch (vector) {
      case null -> null;
      case RowVector.Host host -> host;
      case RowVector.Device device -> throw new IllegalStateException(device + " cannot be read by the host");
    };
  }
}
