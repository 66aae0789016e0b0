package dev.temper.reference;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Loss and gradient of one row in f64; holds the last row computed, and is used by one thread at a time.
 *
 * <p>With student logits {@code z}, teacher logits {@code u} and label {@code y}:
 *
 * <pre>
 *   L_row = hardWeight * CE(z, y) + softWeight * T^2 * D(softmax(u/T), softmax(z/T))
 * </pre>
 *
 * <p>Each part is NaN where what it reads holds NaN or +inf or is -inf throughout; the gradient is NaN throughout where either
 * part is.
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
   * For rows of one loss.
   *
   * @param classes real classes; what lies beyond them in a row is not looked at
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
   * @param student logits, at least {@code classes} of them
   * @param teacher logits, at least {@code classes} of them; not read, and may be null, where softWeight is 0
   * @param label in [0, classes); not read where hardWeight is 0
   * @param temperature {@code T} of this row; the teacher's too, unless the loss has one for it
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

  /** {@code T^2 D} of the row ({@code D} without temperature scaling), before its weight; 0 where softWeight is 0. */
  public double soft() {
    return soft;
  }

  /** Cross-entropy of the row, before its weight; 0 where hardWeight is 0. */
  public double hard() {
    return hard;
  }

  /** {@code L_row}. */
  public double loss() {
    return (loss.softWeight() > 0 ? loss.softWeight() * soft : 0) + (loss.hardWeight() > 0 ? loss.hardWeight() * hard : 0);
  }

  /** {@code dL_row/dz_i}. */
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
    double chain = loss.temperatureScaling() ? temperature : 1 / temperature; // factor * ds/dz
    for (int i = 0; i < classes; i++) {
      partGradient[i] *= chain;
    }
    return factor * value;
  }

  /** {@code D}, with {@code dD/ds} for {@code s = z/T} in {@code gradient}. */
  private static double divergence(Divergence divergence, Distributions row, double[] gradient) {
    return switch (divergence) {
      case Divergence.ForwardKl _ -> KullbackLeibler.forward(row, gradient);
      case Divergence.ReverseKl _ -> KullbackLeibler.reverse(row, gradient);
      case Divergence.Mixed mixed -> KullbackLeibler.mixed(mixed.lambda(), row, gradient);
      case Divergence.JensenShannon jensenShannon -> MixtureDivergences.jensenShannon(jensenShannon.beta(), row, gradient);
      case Divergence.SkewForwardKl skew -> MixtureDivergences.skewForward(skew.skew(), row, gradient);
      case Divergence.SkewReverseKl skew -> MixtureDivergences.skewReverse(skew.skew(), row, gradient);
      case Divergence.TotalVariation _ -> TotalVariation.value(row, gradient);
      case Divergence.LogitMse _ -> throw new IllegalArgumentException("logit-mse is no distance between distributions");
    };
  }

  private void add(double weight, double value) {
    for (int i = 0; i < classes; i++) {
      gradient[i] = Double.isNaN(value) ? Double.NaN : gradient[i] + weight * partGradient[i];
    }
  }

  /** {@code c tanh(z/c)}; -inf stays -inf (an absent class), NaN and +inf stay what they are. */
  private void softcap(double[] student) {
    System.arraycopy(student, 0, z, 0, classes);
    if (loss.softcap().isPresent()) {
      double c = loss.softcap().getAsDouble();
      for (int i = 0; i < classes; i++) {
        z[i] = Double.isFinite(z[i]) ? c * StrictMath.tanh(z[i] / c) : z[i];
      }
    }
  }

  /** {@code 1 - tanh^2(z/c)}, as {@code 1/cosh^2}, which keeps its digits near 0. */
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
