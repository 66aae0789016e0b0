package dev.temper;

import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * What one call reads: views over caller-owned memory, and the two numbers that change from step to step.
 *
 * @param student logits {@code z}, [rows, classes]
 * @param teacher logits {@code u}, [rows, classes]; may be absent where softWeight is 0
 * @param labels [rows], I32 or I64; may be absent where hardWeight is 0; checked and used for ignored rows wherever given
 * @param rowWeights [rows] F32, 0 or more and finite; multiplies both parts of the row, the count stays the number of rows
 * @param rowTemperatures [rows] F32, finite and above 0; replaces T row by row, in the factor T^2 too
 * @param denominator replaces the divisor of a mean (the global token count under gradient accumulation); finite, above 0
 * @param gradientScale multiplies the gradient only (upstream gradient or loss scaler); finite
 */
public record LossInputs(
    LogitMatrix student,
    @Nullable LogitMatrix teacher,
    @Nullable RowVector labels,
    @Nullable RowVector rowWeights,
    @Nullable RowVector rowTemperatures,
    OptionalDouble denominator,
    double gradientScale) {

  /**
   * Checks the two numbers; shapes are checked against the loss when it is computed.
   *
   * @throws IllegalArgumentException naming the number, its value and what was expected
   */
  public LossInputs {
    if (denominator.isPresent() && !(denominator.getAsDouble() > 0 && denominator.getAsDouble() < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "denominator is " + denominator.getAsDouble() + ", expected a finite number above 0, such as the global token count");
    }
    if (!Double.isFinite(gradientScale)) {
      throw new IllegalArgumentException("gradientScale is " + gradientScale + ", expected a finite number");
    }
  }

  /** Inputs with a student only; add the rest with the {@code with} methods. */
  public static LossInputs of(LogitMatrix student) {
    return new LossInputs(student, null, null, null, null, OptionalDouble.empty(), 1);
  }

  /** With these teacher logits. */
  public LossInputs withTeacher(@Nullable LogitMatrix value) {
    return new LossInputs(student, value, labels, rowWeights, rowTemperatures, denominator, gradientScale);
  }

  /** With these labels. */
  public LossInputs withLabels(@Nullable RowVector value) {
    return new LossInputs(student, teacher, value, rowWeights, rowTemperatures, denominator, gradientScale);
  }

  /** With these row weights. */
  public LossInputs withRowWeights(@Nullable RowVector value) {
    return new LossInputs(student, teacher, labels, value, rowTemperatures, denominator, gradientScale);
  }

  /** With these row temperatures. */
  public LossInputs withRowTemperatures(@Nullable RowVector value) {
    return new LossInputs(student, teacher, labels, rowWeights, value, denominator, gradientScale);
  }

  /** With this divisor of the mean. */
  public LossInputs withDenominator(double value) {
    return new LossInputs(student, teacher, labels, rowWeights, rowTemperatures, OptionalDouble.of(value), gradientScale);
  }

  /** With this factor on the gradient. */
  public LossInputs withGradientScale(double value) {
    return new LossInputs(student, teacher, labels, rowWeights, rowTemperatures, denominator, value);
  }
}
