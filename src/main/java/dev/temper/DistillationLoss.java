package dev.temper;

import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What is computed: an immutable description of a distillation loss, independent of batch, memory and device.
 *
 * <pre>
 *   L_row = hardWeight * CE(z, y) + softWeight * T^2 * D(softmax(u/T), softmax(z/T))
 * </pre>
 *
 * <p>{@code z} are the student's logits, {@code u} the teacher's, {@code y} the label, {@code T} the temperature. The
 * cross-entropy always sees the plain logits. {@code T^2} scales the soft part's value and gradient together, so that
 * the soft gradient keeps its size as {@code T} grows (Hinton, Vinyals, Dean 2015).
 *
 * <p>Both are logits. Probabilities in the place of {@code u} would give a nearly uniform teacher; see
 * {@link Teacher#logits} for what is accepted and when a warning is logged.
 *
 * <p>There is deliberately no "alpha": half of the literature puts it on the soft part, the other half on the hard
 * part.
 *
 * {@snippet :
 * DistillationLoss loss = DistillationLoss.hinton(2.0, 0.7);        // 0.7 on the teacher, 0.3 on the labels
 * DistillationLoss same = DistillationLoss.builder().temperature(2).softWeight(0.7).hardWeight(0.3).build();
 * }
 */
public final class DistillationLoss {

  /** Label that marks a row as ignored unless the loss says otherwise, as in PyTorch. */
  public static final long DEFAULT_IGNORE_INDEX = -100;

  /**
   * The smallest temperature, of a loss, a teacher or a row: below it, f32 arithmetic loses the differences of the
   * logits.
   */
  public static final double MIN_TEMPERATURE = 1e-6;

  /** The largest temperature, of a loss, a teacher or a row: its square still has its digits in f32. */
  public static final double MAX_TEMPERATURE = 1e6;

  private static final String ABSENT = "absent";

  private final Divergence divergence;
  private final double temperature;
  private final OptionalDouble teacherTemperature;
  private final double softWeight;
  private final double hardWeight;
  private final double labelSmoothing;
  private final OptionalDouble softcap;
  private final long ignoreIndex;
  private final OptionalInt numClasses;
  private final Reduction reduction;
  private final boolean temperatureScaling;

  private DistillationLoss(Builder builder) {
    divergence = builder.divergence;
    temperature = builder.temperature;
    teacherTemperature = builder.teacherTemperature;
    softWeight = builder.softWeight;
    hardWeight = builder.hardWeight;
    labelSmoothing = builder.labelSmoothing;
    softcap = builder.softcap;
    ignoreIndex = builder.ignoreIndex;
    numClasses = builder.numClasses;
    reduction = builder.reduction;
    temperatureScaling = builder.temperatureScaling;
    requireTemperature(LossOption.TEMPERATURE, temperature, "1 is the plain softmax, 2 to 10 are usual");
    teacherTemperature.ifPresent(
        t -> requireTemperature(LossOption.TEACHER_TEMPERATURE, t, "leave it out to use the student's"));
    requireWeight(LossOption.SOFT_WEIGHT, softWeight);
    requireWeight(LossOption.HARD_WEIGHT, hardWeight);
    if (softWeight == 0 && hardWeight == 0) {
      throw new LossArgumentException(LossOption.SOFT_WEIGHT, " and ", LossOption.HARD_WEIGHT,
          " are both 0, expected at least one above 0; the loss would be 0 whatever the student does");
    }
    if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
      throw new LossArgumentException(
          LossOption.LABEL_SMOOTHING, " is ", labelSmoothing, ", expected a number from 0 up to, not including, 1");
    }
    if (softcap.isPresent() && !(softcap.getAsDouble() > 0 && softcap.getAsDouble() < Double.POSITIVE_INFINITY)) {
      throw new LossArgumentException(LossOption.SOFTCAP, " is ", softcap.getAsDouble(),
          ", expected a finite number above 0; leave it out for none");
    }
    if (numClasses.isPresent() && numClasses.getAsInt() < 1) {
      throw new LossArgumentException(LossOption.NUM_CLASSES, " is ", numClasses.getAsInt(), ", expected 1 or more");
    }
  }

  /**
   * The classic objective: {@code softWeight * T^2 KL + (1 - softWeight) * CE}.
   *
   * @param temperature {@code T}, from {@value #MIN_TEMPERATURE} to {@value #MAX_TEMPERATURE}
   * @param softWeight weight of the teacher, in [0, 1]
   * @throws LossArgumentException if one of them is out of range; where they look swapped, the message says so
   */
  public static DistillationLoss hinton(double temperature, double softWeight) {
    boolean share = softWeight >= 0 && softWeight <= 1;
    if (!share && softWeight > 1 && temperature >= 0 && temperature <= 1) {
      throw new LossArgumentException("hinton was called with ", LossOption.TEMPERATURE, " ", temperature, " and ",
          LossOption.SOFT_WEIGHT, " ", softWeight, ", which look swapped: the temperature is the first argument, and "
          + "the share"
          + " of the teacher, from 0 to 1, the second");
    }
    if (!share) {
      throw new LossArgumentException(LossOption.SOFT_WEIGHT, " is ", softWeight,
          ", expected 0 to 1, because hinton gives the"
          + " rest to the labels; use builder() for weights that need not sum to 1");
    }
    // In decimals, because 1 - 0.7 is 0.30000000000000004 in binary.
    double hardWeight = BigDecimal.ONE.subtract(BigDecimal.valueOf(softWeight)).doubleValue();
    return builder().temperature(temperature).softWeight(softWeight).hardWeight(hardWeight).build();
  }

  /** A builder with the defaults: forward KL, T = 1, softWeight 1, hardWeight 0, T^2 on, mean over counted rows. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this description. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Distance between teacher and student in the soft part. */
  public Divergence divergence() {
    return divergence;
  }

  /** {@code T} of the student and, unless {@link #teacherTemperature()} is present, of the teacher. */
  public double temperature() {
    return temperature;
  }

  /** The teacher's own temperature, if it has one; the factor {@code T^2} and the gradient keep the student's. */
  public OptionalDouble teacherTemperature() {
    return teacherTemperature;
  }

  /** Weight of the divergence, 0 or more; at 0 the teacher is not read. */
  public double softWeight() {
    return softWeight;
  }

  /** Weight of the cross-entropy, 0 or more. */
  public double hardWeight() {
    return hardWeight;
  }

  /** {@code e} in [0, 1): the label keeps {@code 1 - e}, the rest is spread over all classes that are present. */
  public double labelSmoothing() {
    return labelSmoothing;
  }

  /** {@code c} above 0, if there is one: the student's logits become {@code c tanh(z/c)} before anything else. */
  public OptionalDouble softcap() {
    return softcap;
  }

  /** Label of the rows that contribute nothing. */
  public long ignoreIndex() {
    return ignoreIndex;
  }

  /** Real number of classes, where the matrices are padded; the columns beyond it are ignored. */
  public OptionalInt numClasses() {
    return numClasses;
  }

  /** How the losses of the rows become one. */
  public Reduction reduction() {
    return reduction;
  }

  /** Whether value and gradient of the soft part are multiplied by {@code T^2}. */
  public boolean temperatureScaling() {
    return temperatureScaling;
  }

  /** Every option by the name of its builder method; one that is absent has the value "absent". */
  Map<String, Object> options() {
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("divergence", divergence.label());
    options.put("temperature", temperature);
    options.put("teacherTemperature", teacherTemperature.isPresent() ? teacherTemperature.getAsDouble() : ABSENT);
    options.put("softWeight", softWeight);
    options.put("hardWeight", hardWeight);
    options.put("labelSmoothing", labelSmoothing);
    options.put("softcap", softcap.isPresent() ? softcap.getAsDouble() : ABSENT);
    options.put("ignoreIndex", ignoreIndex);
    options.put("numClasses", numClasses.isPresent() ? numClasses.getAsInt() : ABSENT);
    options.put("reduction", reduction.label());
    options.put("temperatureScaling", temperatureScaling);
    return options;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other == this || (other instanceof DistillationLoss loss && loss.options().equals(options()));
  }

  @Override
  public int hashCode() {
    return options().hashCode();
  }

  /** Every option that is present, by name. */
  @Override
  public String toString() {
    Map<String, Object> present = options();
    present.values().removeIf(ABSENT::equals);
    return "DistillationLoss" + present;
  }

  private static void requireTemperature(LossOption option, double value, String hint) {
    if (!(value >= MIN_TEMPERATURE && value <= MAX_TEMPERATURE)) {
      throw new LossArgumentException(option, " is ", value, ", expected a number from 1e-6 to 1e6; " + hint);
    }
  }

  private static void requireWeight(LossOption option, double value) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new LossArgumentException(option, " is ", value, ", expected a finite number of 0 or more");
    }
  }

  /** Collects the options; {@link #build()} checks them. */
  public static final class Builder {
    private Divergence divergence = Divergence.forwardKl();
    private double temperature = 1;
    private OptionalDouble teacherTemperature = OptionalDouble.empty();
    private double softWeight = 1;
    private double hardWeight;
    private double labelSmoothing;
    private OptionalDouble softcap = OptionalDouble.empty();
    private long ignoreIndex = DEFAULT_IGNORE_INDEX;
    private OptionalInt numClasses = OptionalInt.empty();
    private Reduction reduction = Reduction.MEAN;
    private boolean temperatureScaling = true;

    private Builder() {}

    private Builder(DistillationLoss loss) {
      divergence = loss.divergence;
      temperature = loss.temperature;
      teacherTemperature = loss.teacherTemperature;
      softWeight = loss.softWeight;
      hardWeight = loss.hardWeight;
      labelSmoothing = loss.labelSmoothing;
      softcap = loss.softcap;
      ignoreIndex = loss.ignoreIndex;
      numClasses = loss.numClasses;
      reduction = loss.reduction;
      temperatureScaling = loss.temperatureScaling;
    }

    /** Distance between teacher and student; default {@link Divergence#forwardKl()}. */
    public Builder divergence(Divergence value) {
      divergence = value;
      return this;
    }

    /**
     * {@code T}, from {@value DistillationLoss#MIN_TEMPERATURE} to {@value DistillationLoss#MAX_TEMPERATURE}; default
     * 1. Higher makes the student attend to how the teacher ranks the wrong classes; very low teacher probabilities are
     * noisy, so small students usually do better with a lower one.
     */
    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    /**
     * The teacher's own temperature, in the same range as the student's; default: the student's. The factor {@code T^2}
     * keeps the student's.
     */
    public Builder teacherTemperature(double value) {
      teacherTemperature = OptionalDouble.of(value);
      return this;
    }

    /** Weight of the divergence, 0 or more; default 1. At 0 the teacher is not read. */
    public Builder softWeight(double value) {
      softWeight = value;
      return this;
    }

    /** Weight of the cross-entropy against the labels (at T = 1), 0 or more; default 0. */
    public Builder hardWeight(double value) {
      hardWeight = value;
      return this;
    }

    /** Label smoothing {@code e} in [0, 1); default 0. Spread over the classes that are present. */
    public Builder labelSmoothing(double value) {
      labelSmoothing = value;
      return this;
    }

    /** Replaces the student's logits by {@code c tanh(z/c)}, {@code c} above 0; default: off. */
    public Builder softcap(double value) {
      softcap = OptionalDouble.of(value);
      return this;
    }

    /** Label of the rows that contribute nothing; default {@value DistillationLoss#DEFAULT_IGNORE_INDEX}. */
    public Builder ignoreIndex(long value) {
      ignoreIndex = value;
      return this;
    }

    /** Real number of classes, where student or teacher is padded; default: their common width. */
    public Builder numClasses(int value) {
      numClasses = OptionalInt.of(value);
      return this;
    }

    /** Default {@link Reduction#MEAN}. */
    public Builder reduction(Reduction value) {
      reduction = value;
      return this;
    }

    /** Whether value and gradient of the soft part are multiplied by {@code T^2}; default true. */
    public Builder temperatureScaling(boolean value) {
      temperatureScaling = value;
      return this;
    }

    /**
     * The immutable loss.
     *
     * @throws LossArgumentException naming the option, its value and what was expected
     */
    public DistillationLoss build() {
      return new DistillationLoss(this);
    }
  }
}
