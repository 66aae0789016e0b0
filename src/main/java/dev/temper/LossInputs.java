package dev.temper;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The inputs of one call: views of memory that the caller owns, and the numbers that change from step to step.
 * Immutable; each {@code with} method returns another object. Shapes are checked against the loss when it is computed.
 * An input matrix may have the row stride 0; its one row then stands for all rows.
 */
public final class LossInputs {

  private final MatrixView student;
  private final @Nullable LinearHead head;
  private final @Nullable Teacher teacher;
  private final @Nullable RowVector labels;
  private final @Nullable RowVector rowWeights;
  private final @Nullable RowVector rowTemperatures;
  private final @Nullable Denominator softDenominator;
  private final @Nullable Denominator hardDenominator;
  private final double gradientScale;

  private LossInputs(MatrixView student, @Nullable LinearHead head, @Nullable Teacher teacher,
      @Nullable RowVector labels, @Nullable RowVector rowWeights, @Nullable RowVector rowTemperatures,
      @Nullable Denominator softDenominator, @Nullable Denominator hardDenominator, double gradientScale) {
    this.student = Objects.requireNonNull(student, "the student's logits are null, expected a matrix");
    this.head = head;
    this.teacher = teacher;
    this.labels = labels;
    this.rowWeights = rowWeights;
    this.rowTemperatures = rowTemperatures;
    this.softDenominator = softDenominator;
    this.hardDenominator = hardDenominator;
    this.gradientScale = gradientScale;
  }

  /**
   * Returns inputs with a student that is given by its logits.
   *
   * @param student logits {@code z}, [rows, classes] F32, BF16 or F16
   */
  public static LossInputs of(MatrixView student) {
    return new LossInputs(student, null, null, null, null, null, null, null, 1);
  }

  /**
   * Returns inputs with a student that is given by its hidden states and the head that makes logits of them. The engine
   * computes the logits in chunks of rows.
   *
   * <p>An ignored row contributes 0 times its hidden state to the gradient of the weight, and a padding column
   * contributes 0 times its weight to the gradient of the hidden states. The hidden states of ignored rows and the
   * weights of padding must therefore be finite.
   *
   * @param hidden hidden states, [rows, features] in the dtype of the head; the row stride is not 0 unless there is one
   *     row only
   * @param head makes logits {@code z} of [rows, classes]
   */
  public static LossInputs hidden(MatrixView hidden, LinearHead head) {
    Objects.requireNonNull(hidden, "the hidden states of the student are null, expected a matrix");
    Objects.requireNonNull(head, "the head of the student is null, expected a head");
    return new LossInputs(hidden, head, null, null, null, null, null, null, 1);
  }

  /** Returns inputs with other logits of the student, or with other hidden states where there is a head. */
  public LossInputs withStudent(MatrixView value) {
    return new LossInputs(value, head, teacher, labels, rowWeights, rowTemperatures,
        softDenominator, hardDenominator, gradientScale);
  }

  /**
   * Returns inputs with a teacher of as many rows as the student. A softWeight of 0 needs no teacher and does not read
   * a given one.
   */
  public LossInputs withTeacher(@Nullable Teacher value) {
    return new LossInputs(student, head, value, labels, rowWeights, rowTemperatures,
        softDenominator, hardDenominator, gradientScale);
  }

  /**
   * Returns inputs with labels, [rows] I32 or I64. A hardWeight above 0 and {@link Divergence.Dkd} need labels. Given
   * labels are always checked. A row whose label is ignoreIndex contributes nothing, or nothing to the hard part; see
   * {@link IgnoreScope}.
   */
  public LossInputs withLabels(@Nullable RowVector value) {
    return new LossInputs(student, head, teacher, value, rowWeights, rowTemperatures,
        softDenominator, hardDenominator, gradientScale);
  }

  /**
   * Returns inputs with row weights, [rows] F32, finite, of any sign. A weight multiplies both parts of its row, in
   * value and gradient, so it can also be an upstream gradient of the row. The divisor of a mean stays the number of
   * rows, not the sum of the weights. A row of weight 0 gives 0, even if its logits are not finite.
   */
  public LossInputs withRowWeights(@Nullable RowVector value) {
    return new LossInputs(student, head, teacher, labels, value, rowTemperatures,
        softDenominator, hardDenominator, gradientScale);
  }

  /**
   * Returns inputs with row temperatures, [rows] F32, which replace {@code T} row by row, in the factor {@code T^2}
   * too.
   */
  public LossInputs withRowTemperatures(@Nullable RowVector value) {
    return new LossInputs(student, head, teacher, labels, rowWeights, value,
        softDenominator, hardDenominator, gradientScale);
  }

  /**
   * Returns inputs with another divisor of the means of both parts, such as the global token count under gradient
   * accumulation.
   *
   * @param value finite, above 0
   * @throws IllegalArgumentException if it is not
   */
  public LossInputs withDenominator(double value) {
    return withDenominator(Denominator.of(value));
  }

  /**
   * Returns inputs with another divisor of the means of both parts, which may lie in memory.
   *
   * @throws IllegalArgumentException if it is a number that is not finite and above 0
   */
  public LossInputs withDenominator(Denominator value) {
    requireDivisor(LossOption.DENOMINATOR, value);
    return new LossInputs(student, head, teacher, labels, rowWeights, rowTemperatures,
        value, value, gradientScale);
  }

  /**
   * Returns inputs with another divisor of the soft part's mean; the hard part keeps its own.
   *
   * @throws IllegalArgumentException if it is a number that is not finite and above 0
   */
  public LossInputs withSoftDenominator(Denominator value) {
    requireDivisor(LossOption.SOFT_DENOMINATOR, value);
    return new LossInputs(student, head, teacher, labels, rowWeights, rowTemperatures,
        value, hardDenominator, gradientScale);
  }

  /**
   * Returns inputs with another divisor of the hard part's mean; the soft part keeps its own.
   *
   * @throws IllegalArgumentException if it is a number that is not finite and above 0
   */
  public LossInputs withHardDenominator(Denominator value) {
    requireDivisor(LossOption.HARD_DENOMINATOR, value);
    return new LossInputs(student, head, teacher, labels, rowWeights, rowTemperatures,
        softDenominator, value, gradientScale);
  }

  /**
   * Returns inputs with a factor on the gradient alone, such as an upstream gradient or a loss scaler.
   *
   * @param value finite
   * @throws IllegalArgumentException if it is not
   */
  public LossInputs withGradientScale(double value) {
    if (!Double.isFinite(value)) {
      throw new LossArgumentException(LossOption.GRADIENT_SCALE, " is ", value, ", expected a finite number");
    }
    return new LossInputs(student, head, teacher, labels, rowWeights, rowTemperatures,
        softDenominator, hardDenominator, value);
  }

  /** Logits {@code z} of the student, [rows, classes]; where there is a head, hidden states, [rows, features]. */
  public MatrixView student() {
    return student;
  }

  /** The head that makes logits of hidden states; null where the student is given by its logits. */
  public @Nullable LinearHead head() {
    return head;
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

  /**
   * The number that replaces the number of rows as the divisor of both parts; empty if the parts have different
   * divisors or none is given.
   */
  public OptionalDouble denominator() {
    return softDenominator instanceof Denominator.Value value && softDenominator.equals(hardDenominator)
        ? OptionalDouble.of(value.value()) : OptionalDouble.empty();
  }

  /** The divisor of the soft part in place of the number of rows; null if none is given. */
  public @Nullable Denominator softDenominator() {
    return softDenominator;
  }

  /** The divisor of the hard part in place of the number of rows; null if none is given. */
  public @Nullable Denominator hardDenominator() {
    return hardDenominator;
  }

  /** The factor on the gradient alone; 1 unless given. */
  public double gradientScale() {
    return gradientScale;
  }

  private static void requireDivisor(LossOption option, Denominator denominator) {
    if (denominator instanceof Denominator.Value(double value) && !(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new LossArgumentException(
          option, " is ", value, ", expected a finite number above 0, such as the global token count");
    }
  }

  private Map<String, @Nullable Object> values() {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put(head == null ? "student" : "hidden", student);
    values.put("head", head);
    values.put("teacher", teacher);
    values.put("labels", labels);
    values.put("rowWeights", rowWeights);
    values.put("rowTemperatures", rowTemperatures);
    if (denominator().isPresent()) {
      values.put("denominator", denominator().getAsDouble());
    } else {
      values.put("softDenominator", softDenominator);
      values.put("hardDenominator", hardDenominator);
    }
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

  /** Every input that is given, by name. */
  @Override
  public String toString() {
    return "LossInputs" + values();
  }
}
