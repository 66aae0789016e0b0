package dev.temper.tools.verify;

import dev.temper.Denominator;
import dev.temper.LossInputs;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * The inputs and outputs of a call other than logits and gradient.
 *
 * @param given the inputs and outputs that the call has
 * @param ignored share of rows with the ignored label
 * @param softDenominator explicit divisor of the soft part's mean
 * @param hardDenominator explicit divisor of the hard part's mean
 * @param gradientScale factor on the gradient
 * @param teacher kind of the teacher
 */
record RowOptions(
    Set<Given> given,
    double ignored,
    OptionalDouble softDenominator,
    OptionalDouble hardDenominator,
    double gradientScale,
    TeacherKind teacher) {

  /** An input or output that a call may have. */
  enum Given {
    LABELS,
    /** Row weights; one in four is 0. */
    WEIGHTS,
    /** The sign of every third row weight is negative. */
    NEGATIVE_WEIGHTS,
    TEMPERATURES,
    /** The gradient replaces the student's logits. */
    IN_PLACE,
    /** The gradient is added to existing values. */
    ADDED,
    /** Both denominators are read from memory. */
    DENOMINATORS_IN_MEMORY,
    /** Label log-probability and entropies of each row. */
    ROW_OUTPUTS,
    /** Derivative of the total by the temperature. */
    TEMPERATURE_GRADIENT,
    /** The student has one row, with row stride 0. */
    REPEATED_STUDENT,
    /** The teacher has one row, with row stride 0. */
    REPEATED_TEACHER
  }

  static RowOptions none() {
    return new RowOptions(Set.of(), 0, OptionalDouble.empty(), OptionalDouble.empty(), 1, TeacherKind.LOGITS);
  }

  boolean has(Given option) {
    return given.contains(option);
  }

  /** Returns inputs with the explicit divisors. */
  LossInputs divided(LossInputs inputs, Arena arena) {
    LossInputs divided = softDenominator.isEmpty() ? inputs
        : inputs.withSoftDenominator(denominator(softDenominator.getAsDouble(), arena));
    return hardDenominator.isEmpty() ? divided
        : divided.withHardDenominator(denominator(hardDenominator.getAsDouble(), arena));
  }

  private Denominator denominator(double value, Arena arena) {
    return has(Given.DENOMINATORS_IN_MEMORY)
        ? Denominator.in(arena.allocateFrom(ValueLayout.JAVA_FLOAT, (float) value)) : Denominator.of(value);
  }

  boolean labels() {
    return has(Given.LABELS);
  }

  boolean weights() {
    return has(Given.WEIGHTS);
  }

  boolean temperatures() {
    return has(Given.TEMPERATURES);
  }

  boolean inPlace() {
    return has(Given.IN_PLACE);
  }

  RowOptions with(Given option) {
    return with(option, true);
  }

  RowOptions without(Given option) {
    return with(option, false);
  }

  private RowOptions with(Given option, boolean present) {
    EnumSet<Given> changed = EnumSet.noneOf(Given.class);
    changed.addAll(given);
    if (present) {
      changed.add(option);
    } else {
      changed.remove(option);
    }
    return new RowOptions(changed, ignored, softDenominator, hardDenominator, gradientScale, teacher);
  }

  RowOptions withLabels(double ignoredShare) {
    return new RowOptions(with(Given.LABELS).given, ignoredShare, softDenominator, hardDenominator, gradientScale,
        teacher);
  }

  RowOptions withWeights() {
    return with(Given.WEIGHTS);
  }

  RowOptions withTemperatures() {
    return with(Given.TEMPERATURES);
  }

  RowOptions withDenominator(double value) {
    return withDenominators(OptionalDouble.of(value), OptionalDouble.of(value));
  }

  RowOptions withDenominators(OptionalDouble soft, OptionalDouble hard) {
    return new RowOptions(given, ignored, soft, hard, gradientScale, teacher);
  }

  RowOptions withGradientScale(double value) {
    return new RowOptions(given, ignored, softDenominator, hardDenominator, value, teacher);
  }

  RowOptions withTeacher(TeacherKind value) {
    return new RowOptions(given, ignored, softDenominator, hardDenominator, gradientScale, value);
  }

  RowOptions withInPlace(boolean value) {
    return with(Given.IN_PLACE, value);
  }
}
