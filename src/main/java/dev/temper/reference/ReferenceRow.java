package dev.temper.reference;

import dev.temper.DistillationLoss;
import dev.temper.RowOutput;
import dev.temper.Tail;
import java.util.EnumMap;
import org.jspecify.annotations.Nullable;

/**
 * Computes loss and gradient of one row in f64 and holds the results until the next row. An object is not thread-safe.
 *
 * <p>The loss of a row has student logits {@code z}, teacher logits {@code u} and label {@code y}:
 *
 * <pre>
 *   L_row = hardWeight * CE(z, y) + softWeight * T^2 * D(softmax(u/T), softmax(z/T))
 * </pre>
 *
 * <p>A part of the loss is NaN if one of its rows holds NaN or +inf or consists of -inf. Every element of the gradient
 * is NaN if a part is NaN.
 */
public final class ReferenceRow {

  /** The label of a row without one, which has no hard part. */
  public static final int NO_LABEL = -1;

  private final DistillationLoss loss;
  private final int classes;
  private final double[] z;
  private final SoftPart softPart;
  private final CrossEntropy crossEntropy;
  private final PartGradient hardGradient;
  private final EnumMap<Tail, ListPart> listParts = new EnumMap<>(Tail.class);
  private @Nullable ListPart listPart;
  private boolean hasSoft;
  private int label;
  private double temperature;
  private double soft;
  private double hard;

  /**
   * Creates the state for rows of one loss.
   *
   * @param classes number of real classes; padding columns are not read
   */
  public ReferenceRow(DistillationLoss loss, int classes) {
    this.loss = loss;
    this.classes = classes;
    z = new double[classes];
    softPart = new SoftPart(loss, classes);
    crossEntropy = new CrossEntropy(classes, loss.labelSmoothing(), loss.zLoss());
    hardGradient = new PartGradient(classes);
  }

  /**
   * Computes a row.
   *
   * @param student logits, at least {@code classes} values
   * @param teacher logits, at least {@code classes} values; may be null if softWeight is 0, and is then not read
   * @param ofRow class in [0, classes), or {@link #NO_LABEL}
   * @param temperatureOfRow {@code T} of this row; the teacher has the same one unless the loss sets teacherTemperature
   */
  public void compute(double[] student, double @Nullable [] teacher, int ofRow, double temperatureOfRow) {
    begin(student, ofRow, temperatureOfRow);
    if (loss.softWeight() > 0 && teacher != null) {
      hasSoft = true;
      soft = softPart.compute(z, teacher, label, temperature);
    }
    finish(student);
  }

  /**
   * Computes a row whose teacher is given by log-probabilities at the temperature of the loss; other parameters as for
   * logits.
   *
   * @param flat whether a teacher behind the log-probabilities has no standard deviation, for standardised logits
   */
  public void computeAtTemperature(double[] student, double[] teacher, int ofRow, double temperatureOfRow,
      boolean flat) {
    begin(student, ofRow, temperatureOfRow);
    if (loss.softWeight() > 0) {
      hasSoft = true;
      soft = softPart.computeAtTemperature(z, teacher, label, temperature, flat);
    }
    finish(student);
  }

  /** Computes a row whose teacher is a list of classes; other parameters as for a teacher of all classes. */
  public void compute(double[] student, ListRow teacher, Tail tail, int ofRow, double temperatureOfRow) {
    begin(student, ofRow, temperatureOfRow);
    listPart = listParts.computeIfAbsent(tail, key -> new ListPart(loss, key, classes, softPart.gradient));
    soft = listPart.compute(z, teacher, temperature);
    finish(student);
  }

  private void begin(double[] student, int ofRow, double temperatureOfRow) {
    label = ofRow;
    temperature = temperatureOfRow;
    System.arraycopy(student, 0, z, 0, classes);
    loss.softcap().ifPresent(cap -> Softcap.apply(z, cap));
    hasSoft = false;
    listPart = null;
    soft = 0;
    softPart.gradient.fill(0);
  }

  private void finish(double[] student) {
    hard = 0;
    hardGradient.fill(0);
    if (loss.hardWeight() > 0 && label != NO_LABEL) {
      hard = crossEntropy.value(z, label, hardGradient.value);
    }
    if (loss.softcap().isPresent()) {
      Softcap.chain(student, loss.softcap().getAsDouble(), softPart.gradient);
      Softcap.chain(student, loss.softcap().getAsDouble(), hardGradient);
    }
  }

  /**
   * Returns {@code T^2 D} of the row before its weight, or {@code D} without temperature scaling. The value is 0 if
   * softWeight is 0.
   */
  public double soft() {
    return soft;
  }

  /** Returns the cross-entropy of the row with its z-loss before its weight. The value is 0 if hardWeight is 0. */
  public double hard() {
    return hard;
  }

  /** Returns {@code L_row}. */
  public double loss() {
    return weighted(loss.softWeight(), soft) + weighted(loss.hardWeight(), hard);
  }

  /** Returns {@code dL_row/dz_i}. */
  public double gradient(int i) {
    return gradient(i, 1, 1);
  }

  /** Returns element {@code i} of the gradient of {@code softFactor} soft parts and {@code hardFactor} hard parts. */
  public double gradient(int i, double softFactor, double hardFactor) {
    return weighted(softFactor * loss.softWeight(), softPart.gradient.at(i))
        + weighted(hardFactor * loss.hardWeight(), hardGradient.at(i));
  }

  /** Returns the derivative of {@link #soft()} with respect to the temperature, for a forward KL. */
  public double temperatureGradient() {
    return hasSoft ? softPart.temperatureGradient() : 0;
  }

  /** Returns a row output. It is 0 if the row lacks the label or the teacher that the output needs. */
  public double value(RowOutput output) {
    return switch (output) {
      case SOFT -> soft;
      case HARD -> hard;
      case LABEL_LOG_PROB -> label == NO_LABEL ? 0 : crossEntropy.labelLogProbability(z, label);
      case STUDENT_ENTROPY -> listPart != null ? listPart.studentEntropy()
          : hasSoft ? softPart.studentEntropy() : entropy();
      case TEACHER_ENTROPY -> listPart != null ? listPart.teacherEntropy() : hasSoft ? softPart.teacherEntropy() : 0;
      case STUDENT_MASS -> listPart != null ? listPart.studentMass() : 0;
      case TEACHER_MASS -> listPart != null ? listPart.teacherMass() : 0;
      case UNMAPPED_MASS -> 0;
    };
  }

  private double entropy() {
    Softmax softmax = new Softmax(classes);
    softmax.set(z, temperature);
    return softmax.entropy(z, temperature);
  }

  /** Returns the product, which is 0 for a factor of 0 and an infinite value. */
  private static double weighted(double factor, double value) {
    return factor == 0 && Double.isInfinite(value) ? 0 : factor * value;
  }
}
