package dev.temper;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * What one call reads: views of memory that the caller owns, and the two numbers that change from step to step.
 * Immutable; each {@code with} method returns another object. Shapes are checked against the loss when it is computed.
 */
public final class LossInputs {

  private final MatrixView student;
  private final @Nullable Teacher teacher;
  private final @Nullable RowVector labels;
  private final @Nullable RowVector rowWeights;
  private final @Nullable RowVector rowTemperatures;
  private final OptionalDouble denominator;
  private final double gradientScale;

  private LossInputs(MatrixView student, @Nullable Teacher teacher, @Nullable RowVector labels,
      @Nullable RowVector rowWeights,
      @Nullable RowVector rowTemperatures, OptionalDouble denominator, double gradientScale) {
    this.student = Objects.requireNonNull(student, "the student's logits are null, expected a matrix");
    this.teacher = teacher;
    this.labels = labels;
    this.rowWeights = rowWeights;
    this.rowTemperatures = rowTemperatures;
    this.denominator = denominator;
    this.gradientScale = gradientScale;
  }

  /**
   * Inputs with a student only.
   *
   * @param student logits {@code z}, [rows, classes] F32, BF16 or F16
   */
  public static LossInputs of(MatrixView student) {
    return new LossInputs(student, null, null, null, null, OptionalDouble.empty(), 1);
  }

  /** With other logits of the student. */
  public LossInputs withStudent(MatrixView value) {
    return new LossInputs(value, teacher, labels, rowWeights, rowTemperatures, denominator, gradientScale);
  }

  /** With a teacher of as many rows as the student; needed unless softWeight is 0, and not read then. */
  public LossInputs withTeacher(@Nullable Teacher value) {
    return new LossInputs(student, value, labels, rowWeights, rowTemperatures, denominator, gradientScale);
  }

  /**
   * With labels, [rows] I32 or I64; needed unless hardWeight is 0. Wherever given they are checked, and a row whose
   * label is ignoreIndex contributes nothing.
   */
  public LossInputs withLabels(@Nullable RowVector value) {
    return new LossInputs(student, teacher, value, rowWeights, rowTemperatures, denominator, gradientScale);
  }

  /**
   * With row weights, [rows] F32, finite, 0 or more. A weight multiplies both parts of its row, value and gradient; the
   * divisor of a mean stays the number of rows, not the sum of the weights.
   */
  public LossInputs withRowWeights(@Nullable RowVector value) {
    return new LossInputs(student, teacher, labels, value, rowTemperatures, denominator, gradientScale);
  }

  /** With row temperatures, [rows] F32, which replace {@code T} row by row, in the factor {@code T^2} too. */
  public LossInputs withRowTemperatures(@Nullable RowVector value) {
    return new LossInputs(student, teacher, labels, rowWeights, value, denominator, gradientScale);
  }

  /**
   * With another divisor of a mean, such as the global token count under gradient accumulation.
   *
   * @param value finite, above 0
   * @throws IllegalArgumentException if it is not
   */
  public LossInputs withDenominator(double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new LossArgumentException(
          LossOption.DENOMINATOR, " is ", value, ", expected a finite number above 0, such as the global token count");
    }
    return new LossInputs(student, teacher, labels, rowWeights, rowTemperatures, OptionalDouble.of(value),
        gradientScale);
  }

  /**
   * With a factor on the gradient alone, such as an upstream gradient or a loss scaler.
   *
   * @param value finite
   * @throws IllegalArgumentException if it is not
   */
  public LossInputs withGradientScale(double value) {
    if (!Double.isFinite(value)) {
      throw new LossArgumentException(LossOption.GRADIENT_SCALE, " is ", value, ", expected a finite number");
    }
    return new LossInputs(student, teacher, labels, rowWeights, rowTemperatures, denominator, value);
  }

  /** Logits {@code z} of the student, [rows, classes]. */
  public MatrixView student() {
    return student;
  }

  /** The teacher; null where none was given. */
  public @Nullable Teacher teacher() {
    return teacher;
  }

  /** Labels, [rows]; null where none were given. */
  public @Nullable RowVector labels() {
    return labels;
  }

  /** Row weights, [rows]; null where none were given. */
  public @Nullable RowVector rowWeights() {
    return rowWeights;
  }

  /** Row temperatures, [rows]; null where none were given. */
  public @Nullable RowVector rowTemperatures() {
    return rowTemperatures;
  }

  /** The divisor that replaces the number of rows. */
  public OptionalDouble denominator() {
    return denominator;
  }

  /** The factor on the gradient alone; 1 unless given. */
  public double gradientScale() {
    return gradientScale;
  }

  private Map<String, @Nullable Object> values() {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("student", student);
    values.put("teacher", teacher);
    values.put("labels", labels);
    values.put("rowWeights", rowWeights);
    values.put("rowTemperatures", rowTemperatures);
    values.put("denominator", denominator.isPresent() ? denominator.getAsDouble() : null);
    values.put("gradientScale", gradientScale);
    values.values().removeIf(Objects::isNull);
    return values;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof LossInputs inputs && inputs.values().equals(values());
  }

  @Override
  public int hashCode() {
    return values().hashCode();
  }

  /** What is given, by name. */
  @Override
  public String toString() {
    return "LossInputs" + values();
  }
}
