package dev.temper.cpu;

import static dev.temper.cpu.ShapeStruct.offset;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.LossInputs;
import dev.temper.LossTotals;
import dev.temper.Reduction;
import dev.temper.RowVector;
import dev.temper.spi.LossCall;
import dev.temper.spi.RowChecks;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * Mirrors the struct LossParameters of native/cpu/job.h. Java writes its parameters before a call and reads its results
 * after the call.
 */
final class LossStruct {

  static final StructLayout LAYOUT = MemoryLayout.structLayout(
      JAVA_LONG.withName("rows"), JAVA_LONG.withName("classes"),
      ShapeStruct.LAYOUT.withName("student"), ShapeStruct.LAYOUT.withName("teacher"),
      ShapeStruct.LAYOUT.withName("gradient"),
      JAVA_INT.withName("label_bytes"), JAVA_INT.withName("operation"), JAVA_LONG.withName("ignore_index"),
      JAVA_INT.withName("divergence"), JAVA_FLOAT.withName("divergence_parameter"), JAVA_DOUBLE.withName("temperature"),
      JAVA_INT.withName("temperature_scaling"), JAVA_FLOAT.withName("divergence_complement"),
      JAVA_DOUBLE.withName("soft_weight"), JAVA_DOUBLE.withName("hard_weight"), JAVA_DOUBLE.withName("gradient_scale"),
      JAVA_DOUBLE.withName("divisor"),
      JAVA_INT.withName("status"), JAVA_FLOAT.withName("bad_value"), JAVA_LONG.withName("bad_row"),
      JAVA_LONG.withName("bad_label"),
      JAVA_LONG.withName("counted_rows"), JAVA_LONG.withName("non_finite_rows"),
      JAVA_DOUBLE.withName("soft"), JAVA_DOUBLE.withName("hard"));

  static final long STUDENT = offset(LAYOUT, "student");
  static final long IGNORE_INDEX = offset(LAYOUT, "ignore_index");
  static final long TEMPERATURE = offset(LAYOUT, "temperature");
  static final long DIVISOR = offset(LAYOUT, "divisor");
  static final long BAD_ROW = offset(LAYOUT, "bad_row");
  static final long SOFT = offset(LAYOUT, "soft");

  private static final long ROWS = offset(LAYOUT, "rows");
  private static final long CLASSES = offset(LAYOUT, "classes");
  private static final long TEACHER = offset(LAYOUT, "teacher");
  private static final long GRADIENT = offset(LAYOUT, "gradient");
  private static final long LABEL_BYTES = offset(LAYOUT, "label_bytes");
  private static final long OPERATION = offset(LAYOUT, "operation");
  private static final long DIVERGENCE = offset(LAYOUT, "divergence");
  private static final long DIVERGENCE_PARAMETER = offset(LAYOUT, "divergence_parameter");
  private static final long DIVERGENCE_COMPLEMENT = offset(LAYOUT, "divergence_complement");
  private static final long TEMPERATURE_SCALING = offset(LAYOUT, "temperature_scaling");
  private static final long SOFT_WEIGHT = offset(LAYOUT, "soft_weight");
  private static final long HARD_WEIGHT = offset(LAYOUT, "hard_weight");
  private static final long GRADIENT_SCALE = offset(LAYOUT, "gradient_scale");
  private static final long BAD_VALUE = offset(LAYOUT, "bad_value");
  private static final long BAD_LABEL = offset(LAYOUT, "bad_label");
  private static final long COUNTED_ROWS = offset(LAYOUT, "counted_rows");
  private static final long NON_FINITE_ROWS = offset(LAYOUT, "non_finite_rows");
  private static final long HARD = offset(LAYOUT, "hard");

  private LossStruct() {}

  static void write(LossCall call, MemorySegment to) {
    DistillationLoss loss = call.loss();
    LossInputs inputs = call.inputs();
    RowVector labels = inputs.labels();
    to.set(JAVA_LONG, ROWS, inputs.student().rows());
    to.set(JAVA_LONG, CLASSES, (long) call.classes());
    ShapeStruct.put(to, STUDENT, inputs.student());
    ShapeStruct.put(to, TEACHER, call.teacherLogits());
    ShapeStruct.put(to, GRADIENT, call.outputs().gradient());
    to.set(JAVA_INT, LABEL_BYTES, labels == null ? 0 : labels.dtype().bytes());
    to.set(JAVA_INT, OPERATION, operation(call));
    to.set(JAVA_LONG, IGNORE_INDEX, loss.ignoreIndex());
    if (call.usesTeacher()) {
      writeDivergence(loss.divergence(), to);
    }
    to.set(JAVA_DOUBLE, TEMPERATURE, loss.temperature());
    to.set(JAVA_INT, TEMPERATURE_SCALING, loss.temperatureScaling() ? 1 : 0);
    to.set(JAVA_DOUBLE, SOFT_WEIGHT, loss.softWeight());
    to.set(JAVA_DOUBLE, HARD_WEIGHT, loss.hardWeight());
    to.set(JAVA_DOUBLE, GRADIENT_SCALE, inputs.gradientScale());
    to.set(JAVA_DOUBLE, DIVISOR, divisor(loss.reduction(), inputs));
  }

  /** Writes a divergence. Its codes are those of native/cpu/job.h. */
  private static void writeDivergence(Divergence divergence, MemorySegment to) {
    switch (divergence) {
      case Divergence.ForwardKl _ -> to.set(JAVA_INT, DIVERGENCE, 0);
      case Divergence.JensenShannon jsd -> {
        to.set(JAVA_INT, DIVERGENCE, 1);
        to.set(JAVA_FLOAT, DIVERGENCE_PARAMETER, (float) jsd.beta());
        to.set(JAVA_FLOAT, DIVERGENCE_COMPLEMENT, (float) (1 - jsd.beta()));
      }
      case Divergence.ReverseKl _, Divergence.Mixed _, Divergence.SkewForwardKl _, Divergence.SkewReverseKl _,
          Divergence.TotalVariation _, Divergence.NegativeLogAcceptance _, Divergence.LogitMse _, Divergence.Dkd _ ->
          throw new IllegalStateException(divergence.label() + " should have been refused");
    }
  }

  private static int operation(LossCall call) {
    return call.savedStatistics() != null ? 2 : call.outputs().gradient() != null ? 1 : 0;
  }

  /**
   * Returns the divisor of the sum. The value 0 stands for the number of counted rows, which only the native side
   * computes.
   */
  private static double divisor(Reduction reduction, LossInputs inputs) {
    if (inputs.denominator().isPresent()) {
      return inputs.denominator().getAsDouble();
    }
    return switch (reduction) {
      case NONE, SUM -> 1;
      case MEAN -> 0;
      case BATCH_MEAN -> Math.max(1, inputs.student().rows());
    };
  }

  /**
   * Reads the totals after a call.
   *
   * @throws IllegalArgumentException if the call found an invalid label, row weight or row temperature
   */
  static LossTotals read(LossCall call, MemorySegment from, int status) {
    long row = from.get(JAVA_LONG, BAD_ROW);
    float value = from.get(JAVA_FLOAT, BAD_VALUE);
    switch (status) {
      case 0 -> { }
      case 1 -> throw RowChecks.badLabel(row, from.get(JAVA_LONG, BAD_LABEL), call.classes(), call.loss()
          .ignoreIndex());
      case 2 -> throw RowChecks.badWeight(row, value);
      case 3 -> throw RowChecks.badTemperature(row, value);
      default -> throw new IllegalStateException(
          "the cpu engine found no memory for four rows of " + call.classes() + " floats per thread");
    }
    boolean none = call.loss().reduction() == Reduction.NONE;
    double soft = none ? Double.NaN : from.get(JAVA_DOUBLE, SOFT);
    double hard = none ? Double.NaN : from.get(JAVA_DOUBLE, HARD);
    return LossTotals.of(soft + hard, soft, hard, call.inputs().student().rows(), from.get(JAVA_LONG, COUNTED_ROWS),
        from.get(JAVA_LONG, NON_FINITE_ROWS));
  }
}
