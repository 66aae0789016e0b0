package dev.temper;

import java.math.BigDecimal;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What is computed: an immutable description of a distillation loss, independent of batch, memory and device.
 *
 * <pre>
 *   L_row = hardWeight * CE(z, y) + softWeight * T^2 * D(softmax(u/T), softmax(z/T))
 * </pre>
 *
 * <p>{@code z} are the student's logits, {@code u} the teacher's, {@code y} the label, {@code T} the temperature. The
 * cross-entropy always sees the plain logits. {@code T^2} scales the soft part's value and gradient together, so that the
 * soft gradient keeps its size as {@code T} grows (Hinton, Vinyals, Dean 2015).
 *
 * <p>There is deliberately no "alpha": half of the literature puts it on the soft part, the other half on the hard part.
 *
 * {@snippet :
 * DistillationLoss loss = DistillationLoss.hinton(2.0, 0.7);        // 0.7 on the teacher, 0.3 on the labels
 * DistillationLoss same = DistillationLoss.builder().temperature(2).softWeight(0.7).hardWeight(0.3).build();
 * }
 *
 * @param divergence distance between teacher and student in the soft part
 * @param temperature {@code T}, finite and above 0; of student and, unless {@code teacherTemperature} is set, of the teacher
 * @param teacherTemperature the teacher's own temperature; factor and gradient keep the student's
 * @param softWeight weight of the divergence, 0 or more; at 0 the teacher is not read
 * @param hardWeight weight of the cross-entropy, 0 or more
 * @param labelSmoothing {@code e} in [0, 1): the label keeps {@code 1 - e}, the rest is spread over all present classes
 * @param softcap {@code c} above 0: the student's logits become {@code c tanh(z/c)} before anything else
 * @param ignoreIndex label of rows that contribute nothing
 * @param numClasses real number of classes where the matrices are padded; columns beyond are ignored
 * @param reduction how row losses become one
 * @param temperatureScaling whether the soft part is multiplied by {@code T^2}
 */
public record DistillationLoss(
    Divergence divergence,
    double temperature,
    OptionalDouble teacherTemperature,
    double softWeight,
    double hardWeight,
    double labelSmoothing,
    OptionalDouble softcap,
    long ignoreIndex,
    OptionalInt numClasses,
    Reduction reduction,
    boolean temperatureScaling) {

  /** Label that marks a row as ignored unless the loss says otherwise, as in PyTorch. */
  public static final long DEFAULT_IGNORE_INDEX = -100;

  /**
   * Checks every value.
   *
   * @throws IllegalArgumentException naming the option, its value and what was expected
   */
  public DistillationLoss {
    requirePositive("temperature", temperature, "1 is the plain softmax, 2 to 10 are usual");
    teacherTemperature.ifPresent(t -> requirePositive("teacherTemperature", t, "leave it out to use the student's"));
    requireWeight("softWeight", softWeight);
    requireWeight("hardWeight", hardWeight);
    if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
      throw new IllegalArgumentException("labelSmoothing is " + labelSmoothing + ", expected a number from 0 up to, not including, 1");
    }
    softcap.ifPresent(c -> requirePositive("softcap", c, "leave it out for none"));
    if (numClasses.isPresent() && numClasses.getAsInt() < 1) {
      throw new IllegalArgumentException("numClasses is " + numClasses.getAsInt() + ", expected 1 or more");
    }
  }

  /**
   * The classic objective: {@code softWeight * T^2 KL + (1 - softWeight) * CE}.
   *
   * @param temperature {@code T}, above 0
   * @param softWeight weight of the teacher, in [0, 1]
   */
  public static DistillationLoss hinton(double temperature, double softWeight) {
    if (!(softWeight >= 0 && softWeight <= 1)) {
      throw new IllegalArgumentException("softWeight is " + softWeight
          + ", expected 0 to 1, because hinton gives the rest to the labels; use builder() for weights that need not sum to 1");
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

  private static void requirePositive(String name, double value, String hint) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(name + " is " + value + ", expected a finite number above 0; " + hint);
    }
  }

  private static void requireWeight(String name, double value) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(name + " is " + value + ", expected a finite number of 0 or more");
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
     * {@code T}, finite and above 0; default 1. Higher makes the student attend to how the teacher ranks the wrong classes;
     * very low teacher probabilities are noisy, so small students usually do better with a lower one.
     */
    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    /** The teacher's own temperature; default: the student's. The factor {@code T^2} keeps the student's. */
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
     * @throws IllegalArgumentException naming the option, its value and what was expected
     */
    public DistillationLoss build() {
      return new DistillationLoss(divergence, temperature, teacherTemperature, softWeight, hardWeight, labelSmoothing, softcap,
          ignoreIndex, numClasses, reduction, temperatureScaling);
    }
  }
}
