package dev.temper;

import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * An immutable description of a distillation loss, independent of batch, memory and device. The loss of one row is:
 *
 * <pre>
 *   L_row = hardWeight * CE(z, y) + softWeight * T^2 * D(softmax(u/T), softmax(z/T))
 * </pre>
 *
 * <p>{@code z} are the student's logits, {@code u} the teacher's, {@code y} the label, {@code T} the temperature. The
 * cross-entropy is computed at temperature 1. {@code T^2} scales the soft part's value and gradient together, so that
 * the soft gradient keeps its size as {@code T} grows (Hinton, Vinyals, Dean 2015).
 *
 * <p>{@code z} and {@code u} are logits. Probabilities in the place of {@code u} would give a nearly uniform teacher;
 * see {@link Teacher#logits} for what is accepted and when a warning is logged.
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
   * The smallest temperature of a loss, a teacher or a row. Below it, f32 arithmetic loses the differences of the
   * logits.
   */
  public static final double MIN_TEMPERATURE = 1e-6;

  /** The largest temperature of a loss, a teacher or a row. Its square is within the range of f32. */
  public static final double MAX_TEMPERATURE = 1e6;

  private static final String ABSENT = "absent";

  /** A copy of the caller's builder, which never changes. */
  private final Builder values;

  private DistillationLoss(Builder builder) {
    values = new Builder(builder);
  }

  /**
   * The classic objective: {@code softWeight * T^2 KL + (1 - softWeight) * CE}.
   *
   * @param temperature {@code T}, from {@value #MIN_TEMPERATURE} to {@value #MAX_TEMPERATURE}
   * @param softWeight weight of the teacher, in [0, 1]
   * @throws LossArgumentException if a parameter is out of range; the message points out swapped arguments
   */
  public static DistillationLoss hinton(double temperature, double softWeight) {
    OptionChecks.checkHinton(temperature, softWeight);
    // The subtraction is decimal, because 1 - 0.7 is 0.30000000000000004 in binary.
    double hardWeight = BigDecimal.ONE.subtract(BigDecimal.valueOf(softWeight)).doubleValue();
    return builder().temperature(temperature).softWeight(softWeight).hardWeight(hardWeight).build();
  }

  /**
   * Returns a builder with the defaults: forward KL, T = 1, softWeight 1, hardWeight 0, T^2 on, mean over counted rows.
   */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns a builder with the options of this loss. */
  public Builder toBuilder() {
    return new Builder(values);
  }

  /** Distance between teacher and student in the soft part. */
  public Divergence divergence() {
    return values.divergence;
  }

  /** {@code T} of the student and, unless {@link #teacherTemperature()} is present, of the teacher. */
  public double temperature() {
    return values.temperature;
  }

  /**
   * The teacher's temperature where it differs from {@code T}; the factor {@code T^2} and the gradient use {@code T}.
   */
  public OptionalDouble teacherTemperature() {
    return values.teacherTemperature;
  }

  /** Weight of the divergence, 0 or more; at 0 the teacher is not read. */
  public double softWeight() {
    return values.softWeight;
  }

  /** Weight of the cross-entropy, 0 or more. */
  public double hardWeight() {
    return values.hardWeight;
  }

  /**
   * Label smoothing {@code e} in [0, 1): the label keeps {@code 1 - e}, and {@code e} is spread over all present
   * classes.
   */
  public double labelSmoothing() {
    return values.labelSmoothing;
  }

  /** Softcap {@code c} of the student, whose logits become {@code c tanh(z/c)} before anything else; empty for none. */
  public OptionalDouble softcap() {
    return values.softcap;
  }

  /** Softcap {@code c} of the teacher, whose logits become {@code c tanh(u/c)} before anything else; empty for none. */
  public OptionalDouble teacherSoftcap() {
    return values.teacherSoftcap;
  }

  /** Whether the soft part compares standardised logits. */
  public boolean standardise() {
    return values.standardise;
  }

  /** Weight {@code w} of the z-loss, 0 or more; it adds {@code w lse(z)^2} to the hard part of each row. */
  public double zLoss() {
    return values.zLoss;
  }

  /** The number that is reported for the soft part. */
  public SoftValue softValue() {
    return values.softValue;
  }

  /** Label of the rows that contribute nothing, or nothing to the hard part. */
  public long ignoreIndex() {
    return values.ignoreIndex;
  }

  /** The parts that a row with the ignored label is excluded from. */
  public IgnoreScope ignoreScope() {
    return values.ignoreScope;
  }

  /** Number of classes without padding; columns beyond it are ignored. Empty for the width of the matrices. */
  public OptionalInt numClasses() {
    return values.numClasses;
  }

  /** How the losses of the rows become one. */
  public Reduction reduction() {
    return values.reduction;
  }

  /** Whether value and gradient of the soft part are multiplied by {@code T^2}. */
  public boolean temperatureScaling() {
    return values.temperatureScaling;
  }

  /** Returns every option by the name of its builder method. An option without a value has the value "absent". */
  Map<String, Object> options() {
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("divergence", divergence().label());
    options.put("temperature", temperature());
    options.put("teacherTemperature", orAbsent(teacherTemperature()));
    options.put("softWeight", softWeight());
    options.put("hardWeight", hardWeight());
    options.put("labelSmoothing", labelSmoothing());
    options.put("softcap", orAbsent(softcap()));
    options.put("teacherSoftcap", orAbsent(teacherSoftcap()));
    options.put("standardise", standardise() ? true : ABSENT);
    options.put("zLoss", zLoss() > 0 ? zLoss() : ABSENT);
    options.put("softValue", softValue() == SoftValue.KL ? ABSENT : softValue().label());
    options.put("ignoreIndex", ignoreIndex());
    options.put("ignoreScope", ignoreScope() == IgnoreScope.BOTH ? ABSENT : ignoreScope().label());
    options.put("numClasses", numClasses().isPresent() ? numClasses().getAsInt() : ABSENT);
    options.put("reduction", reduction().label());
    options.put("temperatureScaling", temperatureScaling());
    return options;
  }

  private static Object orAbsent(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : ABSENT;
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

  /** Collects the options; {@link #build()} checks them. */
  public static final class Builder {
    private Divergence divergence = Divergence.forwardKl();
    private double temperature = 1;
    private OptionalDouble teacherTemperature = OptionalDouble.empty();
    private double softWeight = 1;
    private double hardWeight;
    private double labelSmoothing;
    private OptionalDouble softcap = OptionalDouble.empty();
    private OptionalDouble teacherSoftcap = OptionalDouble.empty();
    private boolean standardise;
    private double zLoss;
    private SoftValue softValue = SoftValue.KL;
    private long ignoreIndex = DEFAULT_IGNORE_INDEX;
    private IgnoreScope ignoreScope = IgnoreScope.BOTH;
    private OptionalInt numClasses = OptionalInt.empty();
    private Reduction reduction = Reduction.MEAN;
    private boolean temperatureScaling = true;

    private Builder() {}

    private Builder(Builder other) {
      divergence = other.divergence;
      temperature = other.temperature;
      teacherTemperature = other.teacherTemperature;
      softWeight = other.softWeight;
      hardWeight = other.hardWeight;
      labelSmoothing = other.labelSmoothing;
      softcap = other.softcap;
      teacherSoftcap = other.teacherSoftcap;
      standardise = other.standardise;
      zLoss = other.zLoss;
      softValue = other.softValue;
      ignoreIndex = other.ignoreIndex;
      ignoreScope = other.ignoreScope;
      numClasses = other.numClasses;
      reduction = other.reduction;
      temperatureScaling = other.temperatureScaling;
    }

    /** Distance between teacher and student; default {@link Divergence#forwardKl()}. */
    public Builder divergence(Divergence value) {
      divergence = value;
      return this;
    }

    /**
     * {@code T}, from {@value DistillationLoss#MIN_TEMPERATURE} to {@value DistillationLoss#MAX_TEMPERATURE}; default
     * 1. A higher temperature gives more weight to the teacher's ranking of the wrong classes. Very low teacher
     * probabilities are noisy, so small students usually do better with a lower temperature.
     */
    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    /**
     * The teacher's temperature, in the range of {@code T}; default: {@code T}. The factor {@code T^2} is not affected.
     * Row temperatures exclude this option.
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

    /** Label smoothing {@code e} in [0, 1), spread over the present classes; default 0. */
    public Builder labelSmoothing(double value) {
      labelSmoothing = value;
      return this;
    }

    /**
     * Replaces the student's logits by {@code c tanh(z/c)} in both parts, {@code c} finite and above 0; default: off.
     * The gradient is multiplied by {@code 1 - tanh^2(z/c)} (Gemma 2, 2024).
     */
    public Builder softcap(double value) {
      softcap = OptionalDouble.of(value);
      return this;
    }

    /** Replaces the teacher's logits by {@code c tanh(u/c)}, {@code c} finite and above 0; default: off. */
    public Builder teacherSoftcap(double value) {
      teacherSoftcap = OptionalDouble.of(value);
      return this;
    }

    /**
     * Whether the soft part replaces the logits of student and teacher by {@code (x - mean)/(sd + 1e-7)}; default false
     * (Sun et al. 2024). Mean and {@code sd} of a row are over its finite logits, and {@code sd} divides by their
     * number less 1. A row whose student or teacher has {@code sd = 0} has the soft value and the soft gradient 0. A
     * masked class must be -inf: a lowest float counts as a logit, and its square is infinite. Logit MSE excludes this
     * option.
     */
    public Builder standardise(boolean value) {
      standardise = value;
      return this;
    }

    /**
     * Weight {@code w} of the z-loss, finite and 0 or more; default 0. The hard part of each row becomes {@code CE + w
     * lse(z)^2}, with the gradient {@code 2 w lse(z) softmax(z)} (PaLM, Chowdhery et al. 2022).
     */
    public Builder zLoss(double value) {
      zLoss = value;
      return this;
    }

    /**
     * The number that is reported for the soft part; default {@link SoftValue#KL}. Any other value requires the forward
     * KL.
     */
    public Builder softValue(SoftValue value) {
      softValue = value;
      return this;
    }

    /** Label of the rows that contribute nothing; default {@value DistillationLoss#DEFAULT_IGNORE_INDEX}. */
    public Builder ignoreIndex(long value) {
      ignoreIndex = value;
      return this;
    }

    /** The parts that a row with the ignored label is excluded from; default {@link IgnoreScope#BOTH}. */
    public Builder ignoreScope(IgnoreScope value) {
      ignoreScope = value;
      return this;
    }

    /** Number of classes without the padding of student and teacher; default: their common width. */
    public Builder numClasses(int value) {
      numClasses = OptionalInt.of(value);
      return this;
    }

    /** How the losses of the rows become one number; default {@link Reduction#MEAN}. */
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
     * @throws LossArgumentException if an option is invalid; the message names the option, its value and what was
     *     expected
     */
    public DistillationLoss build() {
      DistillationLoss loss = new DistillationLoss(this);
      OptionChecks.check(loss);
      return loss;
    }
  }
}
