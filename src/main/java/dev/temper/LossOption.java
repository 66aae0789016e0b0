package dev.temper;

/** The options of a loss and of a call, as messages name them. */
public enum LossOption {
  /** {@link DistillationLoss.Builder#divergence}. */
  DIVERGENCE("divergence"),
  /** {@link DistillationLoss.Builder#temperature}. */
  TEMPERATURE("temperature"),
  /** {@link DistillationLoss.Builder#teacherTemperature}. */
  TEACHER_TEMPERATURE("teacherTemperature"),
  /** {@link DistillationLoss.Builder#softWeight}. */
  SOFT_WEIGHT("softWeight"),
  /** {@link DistillationLoss.Builder#hardWeight}. */
  HARD_WEIGHT("hardWeight"),
  /** {@link DistillationLoss.Builder#labelSmoothing}. */
  LABEL_SMOOTHING("labelSmoothing"),
  /** {@link DistillationLoss.Builder#softcap}. */
  SOFTCAP("softcap"),
  /** {@link DistillationLoss.Builder#teacherSoftcap}. */
  TEACHER_SOFTCAP("teacherSoftcap"),
  /** {@link DistillationLoss.Builder#standardise}. */
  STANDARDISE("standardise"),
  /** {@link DistillationLoss.Builder#zLoss}. */
  Z_LOSS("zLoss"),
  /** {@link DistillationLoss.Builder#softValue}. */
  SOFT_VALUE("softValue"),
  /** {@link DistillationLoss.Builder#ignoreIndex}. */
  IGNORE_INDEX("ignoreIndex"),
  /** {@link DistillationLoss.Builder#ignoreScope}. */
  IGNORE_SCOPE("ignoreScope"),
  /** {@link DistillationLoss.Builder#numClasses}. */
  NUM_CLASSES("numClasses"),
  /** {@link DistillationLoss.Builder#reduction}. */
  REDUCTION("reduction"),
  /** {@link DistillationLoss.Builder#temperatureScaling}. */
  TEMPERATURE_SCALING("temperatureScaling"),
  /** {@link LossInputs#withDenominator(double)}. */
  DENOMINATOR("denominator"),
  /** {@link LossInputs#withSoftDenominator}, or any divisor of the soft part that the hard part does not have. */
  SOFT_DENOMINATOR("softDenominator"),
  /** {@link LossInputs#withHardDenominator}, or any divisor of the hard part that the soft part does not have. */
  HARD_DENOMINATOR("hardDenominator"),
  /** {@link Denominator.InMemory}. */
  DENOMINATOR_IN_MEMORY("denominator in memory"),
  /** {@link LossInputs#withGradientScale}. */
  GRADIENT_SCALE("gradientScale"),
  /** {@link LossOutputs#gradientAddedTo}. */
  GRADIENT_ADDED_TO("gradientAddedTo"),
  /** {@link LossOutputs#withTemperatureGradient}. */
  TEMPERATURE_GRADIENT("temperatureGradient"),
  /** {@link RowOutput#LABEL_LOG_PROB}. */
  ROW_LABEL_LOG_PROB("row_label_log_prob"),
  /** {@link RowOutput#STUDENT_ENTROPY}. */
  ROW_STUDENT_ENTROPY("row_student_entropy"),
  /** {@link RowOutput#TEACHER_ENTROPY}. */
  ROW_TEACHER_ENTROPY("row_teacher_entropy"),
  /** {@link RowOutput#STUDENT_MASS}. */
  ROW_STUDENT_MASS("row_student_mass"),
  /** {@link RowOutput#TEACHER_MASS}. */
  ROW_TEACHER_MASS("row_teacher_mass"),
  /** {@link RowOutput#UNMAPPED_MASS}. */
  ROW_UNMAPPED_MASS("row_unmapped_mass"),
  /** {@link MatrixView#rowStride} of 0: one row that stands for all rows. */
  ROW_STRIDE_0("rowStride 0");

  private final String label;

  LossOption(String label) {
    this.label = label;
  }

  /** Name in the Java API, such as {@code softWeight}. */
  public String label() {
    return label;
  }

  /** {@link #label()}. */
  @Override
  public String toString() {
    return label;
  }
}
