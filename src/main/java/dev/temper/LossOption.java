package dev.temper;

/** The options of a loss and the numbers of its inputs, as messages name them. */
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
  /** {@link DistillationLoss.Builder#ignoreIndex}. */
  IGNORE_INDEX("ignoreIndex"),
  /** {@link DistillationLoss.Builder#numClasses}. */
  NUM_CLASSES("numClasses"),
  /** {@link DistillationLoss.Builder#reduction}. */
  REDUCTION("reduction"),
  /** {@link DistillationLoss.Builder#temperatureScaling}. */
  TEMPERATURE_SCALING("temperatureScaling"),
  /** {@link LossInputs#withDenominator}. */
  DENOMINATOR("denominator"),
  /** {@link LossInputs#withGradientScale}. */
  GRADIENT_SCALE("gradientScale");

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
