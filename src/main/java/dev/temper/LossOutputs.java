package dev.temper;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The outputs of one call: views of memory that the caller owns, all optional. Immutable; each {@code with} method
 * returns another object.
 */
public final class LossOutputs {

  /** How the gradient is stored. */
  private enum Mode {
    REPLACED,
    IN_PLACE,
    ADDED
  }

  private static final LossOutputs NONE =
      new LossOutputs(null, Mode.REPLACED, HeadGradients.NONE, new EnumMap<>(RowOutput.class), false, null);

  private final @Nullable MatrixView gradient;
  private final Mode mode;
  private final HeadGradients headGradients;
  private final EnumMap<RowOutput, RowVector> rows;
  private final boolean temperatureGradient;
  private final @Nullable RowStatistics statistics;

  private LossOutputs(@Nullable MatrixView gradient, Mode mode, HeadGradients headGradients,
      EnumMap<RowOutput, RowVector> rows, boolean temperatureGradient, @Nullable RowStatistics statistics) {
    this.gradient = gradient;
    this.mode = mode;
    this.headGradients = headGradients;
    this.rows = rows;
    this.temperatureGradient = temperatureGradient;
    this.statistics = statistics;
  }

  /** Returns outputs for the totals alone. */
  public static LossOutputs none() {
    return NONE;
  }

  /**
   * Returns outputs with the gradient with respect to the student's logits, or to its hidden states if the student has
   * a head. The gradient replaces the content of its memory, which must not overlap an input. Padding columns are set
   * to 0.
   *
   * @param gradient [rows, classes of the student] or [rows, features], in the student's dtype or F32
   */
  public static LossOutputs gradient(MatrixView gradient) {
    return NONE.withGradient(gradient, Mode.REPLACED);
  }

  /**
   * Returns outputs with the gradient in the place of the student's logits, which are overwritten.
   *
   * @param student the same view as the student of the inputs
   */
  public static LossOutputs gradientInPlace(MatrixView student) {
    return NONE.withGradient(student, Mode.IN_PLACE);
  }

  /**
   * Returns outputs with a gradient that is added to the content of its memory, such as the gradient of another loss by
   * the same logits. Each sum is rounded once to the dtype of the memory. Padding columns and ignored rows keep their
   * content.
   *
   * @param gradient [rows, classes of the student], in the student's dtype or F32; it overlaps no input
   */
  public static LossOutputs gradientAddedTo(MatrixView gradient) {
    return NONE.withGradient(gradient, Mode.ADDED);
  }

  private LossOutputs withGradient(MatrixView value, Mode how) {
    return new LossOutputs(Objects.requireNonNull(value, "the gradient is null, expected a matrix"), how, headGradients,
        rows, temperatureGradient, statistics);
  }

  /**
   * Returns outputs with the gradient with respect to the weight of the head, summed over all rows in f32. The gradient
   * replaces the content of its memory.
   *
   * @param value [classes, features] in the dtype of the head or F32; null for none
   */
  public LossOutputs withWeightGradient(@Nullable MatrixView value) {
    return withHead(headGradients.withWeight(value, false));
  }

  /** Returns outputs like {@link #withWeightGradient}, but adds the gradient to the content of its memory. */
  public LossOutputs withWeightGradientAddedTo(MatrixView value) {
    return withHead(headGradients.withWeight(
        Objects.requireNonNull(value, "the gradient with respect to the weight is null, expected a matrix"), true));
  }

  /**
   * Returns outputs with the gradient with respect to the bias of the head, summed over all rows in f32. The gradient
   * replaces the content of its memory.
   *
   * @param value [1, classes] in the dtype of the head or F32; null for none
   */
  public LossOutputs withBiasGradient(@Nullable MatrixView value) {
    return withHead(headGradients.withBias(value, false));
  }

  /** Returns outputs like {@link #withBiasGradient}, but adds the gradient to the content of its memory. */
  public LossOutputs withBiasGradientAddedTo(MatrixView value) {
    return withHead(headGradients.withBias(
        Objects.requireNonNull(value, "the gradient with respect to the bias is null, expected a matrix"), true));
  }

  private LossOutputs withHead(HeadGradients value) {
    return new LossOutputs(gradient, mode, value, rows, temperatureGradient, statistics);
  }

  /**
   * Returns outputs with one value for each row.
   *
   * @param value [rows] F32, see {@link RowVector#losses}; null for none
   */
  public LossOutputs withRow(RowOutput output, @Nullable RowVector value) {
    EnumMap<RowOutput, RowVector> others = new EnumMap<>(rows);
    if (value == null) {
      others.remove(output);
    } else {
      others.put(output, value);
    }
    return new LossOutputs(gradient, mode, headGradients, others, temperatureGradient, statistics);
  }

  /** Returns outputs with {@link RowOutput#SOFT}, the soft loss of each row. */
  public LossOutputs withRowSoft(@Nullable RowVector value) {
    return withRow(RowOutput.SOFT, value);
  }

  /** Returns outputs with {@link RowOutput#HARD}, the hard part of each row. */
  public LossOutputs withRowHard(@Nullable RowVector value) {
    return withRow(RowOutput.HARD, value);
  }

  /**
   * Returns outputs with {@link LossTotals#temperatureGradient()}, the derivative of the total with respect to the
   * temperature {@code T}. A row adds {@code 2 T KL + T (E_p[s] - E_q[s] - Var_p[t] + Cov_p[t, s])}, where {@code
   * s = z/T} and {@code t = u/T}. The soft weight, the row weights and the reduction apply to the sum; the gradient
   * scale does not. The loss must be a forward KL without row temperatures.
   */
  public LossOutputs withTemperatureGradient() {
    return new LossOutputs(gradient, mode, headGradients, rows, true, statistics);
  }

  /**
   * Returns outputs with the row statistics that a later {@link LossEngine#backward} reads.
   *
   * @param value from {@link LossEngine#allocateStatistics} of the engine that computes
   */
  public LossOutputs withStatistics(@Nullable RowStatistics value) {
    return new LossOutputs(gradient, mode, headGradients, rows, temperatureGradient, value);
  }

  /**
   * Memory for the gradient: [rows, classes of the student], or [rows, features] if the student has a head; null for
   * none.
   */
  public @Nullable MatrixView gradient() {
    return gradient;
  }

  /** Whether the gradient replaces the student's logits. */
  public boolean inPlace() {
    return mode == Mode.IN_PLACE;
  }

  /** Whether the gradient is added to the content of its memory. */
  public boolean addsToGradient() {
    return mode == Mode.ADDED;
  }

  /** Memory for the gradient with respect to the weight of the head, [classes, features]; null for none. */
  public @Nullable MatrixView weightGradient() {
    return headGradients.weight();
  }

  /** Whether the gradient with respect to the weight is added to the content of its memory. */
  public boolean addsToWeightGradient() {
    return headGradients.addsToWeight();
  }

  /** Memory for the gradient with respect to the bias of the head, [1, classes]; null for none. */
  public @Nullable MatrixView biasGradient() {
    return headGradients.bias();
  }

  /** Whether the gradient with respect to the bias is added to the content of its memory. */
  public boolean addsToBiasGradient() {
    return headGradients.addsToBias();
  }

  /** Whether any gradient is written. */
  public boolean hasGradient() {
    return gradient != null || headGradients.weight() != null || headGradients.bias() != null;
  }

  /** Memory for one value of each row, [rows] F32; null for none. */
  public @Nullable RowVector row(RowOutput output) {
    return rows.get(output);
  }

  /** Memory for the soft loss of each row, [rows] F32; null for none. */
  public @Nullable RowVector rowSoft() {
    return row(RowOutput.SOFT);
  }

  /** Memory for the hard part of each row, [rows] F32; null for none. */
  public @Nullable RowVector rowHard() {
    return row(RowOutput.HARD);
  }

  /** Whether the derivative with respect to the temperature is computed. */
  public boolean temperatureGradient() {
    return temperatureGradient;
  }

  /** Row statistics that the call fills for a later backward call; null for none. */
  public @Nullable RowStatistics statistics() {
    return statistics;
  }

  private Map<String, @Nullable Object> values() {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put(switch (mode) {
      case REPLACED -> "gradient";
      case IN_PLACE -> "gradientInPlace";
      case ADDED -> "gradientAddedTo";
    }, gradient);
    values.putAll(headGradients.values());
    rows.forEach((output, vector) -> values.put(output.tensor(), vector));
    values.put("temperatureGradient", temperatureGradient ? true : null);
    values.put("statistics", statistics);
    values.values().removeIf(Objects::isNull);
    return values;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof LossOutputs outputs && outputs.values().equals(values());
  }

  @Override
  public int hashCode() {
    return values().hashCode();
  }

  /** Every output that is given, by name. */
  @Override
  public String toString() {
    return "LossOutputs" + values();
  }
}
