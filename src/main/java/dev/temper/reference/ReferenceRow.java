package dev.temper.reference;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import java.util.Arrays;
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

  private final DistillationLoss loss;
  private final int classes;
  private final double[] z;
  private final double[] gradient;
  private final double[] partGradient;
  private final Distributions distributions;
  private final CrossEntropy crossEntropy;
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
    this.z = new double[classes];
    this.gradient = new double[classes];
    this.partGradient = new double[classes];
    this.distributions = new Distributions(classes);
    this.crossEntropy = new CrossEntropy(classes, loss.labelSmoothing());
  }

  /**
   * Computes a row.
   *
   * @param student logits, at least {@code classes} values
   * @param teacher logits, at least {@code classes} values; may be null if softWeight is 0, and is then not read
   * @param label class in [0, classes); not read if hardWeight is 0
   * @param temperature {@code T} of this row; the teacher has the same one unless the loss sets teacherTemperature
   */
  public void compute(double[] student, double @Nullable [] teacher, int label, double temperature) {
    softcap(student);
    Arrays.fill(gradient, 0);
    soft = 0;
    hard = 0;
    if (loss.softWeight() > 0 && teacher != null) {
      soft = soft(teacher, temperature);
      add(loss.softWeight(), soft);
    }
    if (loss.hardWeight() > 0) {
      hard = crossEntropy.value(z, label, partGradient);
      add(loss.hardWeight(), hard);
    }
    chainSoftcap(student);
  }

  /**
   * Returns {@code T^2 D} of the row before its weight, or {@code D} without temperature scaling. The value is 0 if
   * softWeight is 0.
   */
  public double soft() {
    return soft;
  }

  /** Returns the cross-entropy of the row before its weight. The value is 0 if hardWeight is 0. */
  public double hard() {
    return hard;
  }

  /** Returns {@code L_row}. */
  public double loss() {
    return (loss.softWeight() > 0 ? loss.softWeight() * soft : 0) + (loss.hardWeight() > 0 ? loss.hardWeight() * hard
        : 0);
  }

  /** Returns {@code dL_row/dz_i}. */
  public double gradient(int i) {
    return gradient[i];
  }

  private double soft(double[] u, double temperature) {
    boolean valid = distributions.set(z, temperature, u, loss.teacherTemperature().orElse(temperature));
    if (!valid) {
      return Double.NaN;
    }
    if (loss.divergence() instanceof Divergence.LogitMse) {
      return LogitMse.value(z, u, classes, partGradient);
    }
    double value = divergence(loss.divergence(), distributions, partGradient);
    double factor = loss.temperatureScaling() ? temperature * temperature : 1;
    double chain = loss.temperatureScaling() ? temperature : 1 / temperature; // The factor of D times ds/dz.
    for (int i = 0; i < classes; i++) {
      partGradient[i] *= chain;
    }
    return factor * value;
  }

  /** Returns {@code D} and writes {@code dD/ds} for {@code s = z/T} to {@code gradient}. */
  private static double divergence(Divergence divergence, Distributions row, double[] gradient) {
    return switch (divergence) {
      case Divergence.ForwardKl _ -> KullbackLeibler.forward(row, gradient);
      case Divergence.ReverseKl _ -> KullbackLeibler.reverse(row, gradient);
      case Divergence.Mixed mixed -> KullbackLeibler.mixed(mixed.lambda(), row, gradient);
      case Divergence.JensenShannon jensenShannon -> MixtureDivergences.jensenShannon(jensenShannon.beta(), row,
          gradient);
      case Divergence.SkewForwardKl skew -> MixtureDivergences.skewForward(skew.skew(), row, gradient);
      case Divergence.SkewReverseKl skew -> MixtureDivergences.skewReverse(skew.skew(), row, gradient);
      case Divergence.TotalVariation _ -> TotalVariation.value(row, gradient);
      case Divergence.LogitMse _, Divergence.NegativeLogAcceptance _, Divergence.Dkd _ ->
          throw new IllegalArgumentException(divergence.label() + " is no distance between distributions");
    };
  }

  private void add(double weight, double value) {
    for (int i = 0; i < classes; i++) {
      gradient[i] = Double.isNaN(value) ? Double.NaN : gradient[i] + weight * partGradient[i];
    }
  }

  /**
   * Writes {@code c tanh(z/c)} to {@code z}. Values that are not finite stay as they are, and -inf still marks an
   * absent class.
   */
  private void softcap(double[] student) {
    System.arraycopy(student, 0, z, 0, classes);
    if (loss.softcap().isPresent()) {
      double c = loss.softcap().getAsDouble();
      for (int i = 0; i < classes; i++) {
        z[i] = Double.isFinite(z[i]) ? c * StrictMath.tanh(z[i] / c) : z[i];
      }
    }
  }

  /** Multiplies the gradient by {@code 1 - tanh^2(z/c)}. The form {@code 1/cosh^2} keeps its digits near 0. */
  private void chainSoftcap(double[] student) {
    if (loss.softcap().isPresent()) {
      double c = loss.softcap().getAsDouble();
      for (int i = 0; i < classes; i++) {
        double cosh = StrictMath.cosh(student[i] / c);
        gradient[i] *= 1 / (cosh * cosh);
      }
    }
  }
}
