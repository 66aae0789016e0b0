package dev.temper.reference;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.SoftValue;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Computes the soft part of a row, {@code T^2 D}, and holds its results until the next row. */
final class SoftPart {

  final PartGradient gradient;

  private final DistillationLoss loss;
  private final int classes;
  private final double[] z;
  private final double[] u;
  private final Distributions distributions;
  private final @Nullable Standardisation ofStudent;
  private final @Nullable Standardisation ofTeacher;
  private final @Nullable DecoupledKl decoupled;
  private double temperature;
  private double value;
  private double divergence;

  /** Whether the row of the teacher holds log-probabilities, to which neither temperature nor softcap applies. */
  private boolean atTemperature;

  /** Whether the row has no standard deviation, so that its soft part is 0 at every temperature. */
  private boolean flat;

  SoftPart(DistillationLoss loss, int classes) {
    this.loss = loss;
    this.classes = classes;
    z = new double[classes];
    u = new double[classes];
    gradient = new PartGradient(classes);
    distributions = new Distributions(classes);
    ofStudent = loss.standardise() ? new Standardisation(classes) : null;
    ofTeacher = loss.standardise() ? new Standardisation(classes) : null;
    decoupled = loss.divergence() instanceof Divergence.Dkd(double a, double b) ? new DecoupledKl(a, b, classes) : null;
  }

  /**
   * Computes a row. The gradient is NaN if the value is NaN.
   *
   * @param student logits after the student's softcap
   * @param teacher logits before the teacher's softcap
   */
  double compute(double[] student, double[] teacher, int label, double ofRow) {
    atTemperature = false;
    return compute(student, teacher, label, ofRow, false);
  }

  /**
   * Computes a row whose teacher is given by log-probabilities at the temperature of the loss.
   *
   * @param teacherIsFlat whether a teacher behind the log-probabilities has no standard deviation
   */
  double computeAtTemperature(double[] student, double[] teacher, int label, double ofRow, boolean teacherIsFlat) {
    atTemperature = true;
    return compute(student, teacher, label, ofRow, teacherIsFlat);
  }

  private double compute(double[] student, double[] teacher, int label, double ofRow, boolean teacherIsFlat) {
    temperature = loss.divergence() instanceof Divergence.LogitMse ? 1 : ofRow;
    System.arraycopy(student, 0, z, 0, classes);
    System.arraycopy(teacher, 0, u, 0, classes);
    if (!atTemperature) {
      loss.teacherSoftcap().ifPresent(cap -> Softcap.apply(u, cap));
    }
    gradient.fill(0);
    divergence = 0;
    flat = teacherIsFlat;
    value = valueOf(label);
    if (Double.isNaN(value)) {
      gradient.fill(Double.NaN);
    }
    return value;
  }

  private double valueOf(int label) {
    if (ofStudent != null && ofTeacher != null) {
      boolean studentIsSpread = ofStudent.apply(z);
      boolean teacherIsSpread = atTemperature || ofTeacher.apply(u);
      flat |= !studentIsSpread || !teacherIsSpread;
    }
    if (!distributions.set(z, temperature, u, teacherTemperature())) {
      return Double.NaN;
    }
    if (loss.divergence() instanceof Divergence.LogitMse) {
      return LogitMse.value(z, u, classes, gradient.value);
    }
    if (flat) {
      return 0;
    }
    divergence = divergence(label);
    gradient.multiply(loss.temperatureScaling() ? temperature : 1 / temperature); // The factor of D times ds/dz.
    if (ofStudent != null) {
      ofStudent.chain(gradient.value); // The direction of an infinite gradient stays.
    }
    return factor() * (divergence + entropyInValue());
  }

  /** Returns {@code D} and writes {@code dD/ds} for {@code s = z/T}. */
  private double divergence(int label) {
    return switch (loss.divergence()) {
      case Divergence.ForwardKl _ -> KullbackLeibler.forward(distributions, gradient.value);
      case Divergence.ReverseKl _ -> KullbackLeibler.reverse(distributions, gradient);
      case Divergence.Mixed(double lambda) -> KullbackLeibler.mixed(lambda, distributions, gradient);
      case Divergence.JensenShannon(double beta) ->
          MixtureDivergences.jensenShannon(beta, distributions, gradient.value);
      case Divergence.SkewForwardKl(double skew) ->
          MixtureDivergences.skewForward(skew, distributions, gradient.value);
      case Divergence.SkewReverseKl(double skew) -> MixtureDivergences.skewReverse(skew, distributions, gradient);
      case Divergence.TotalVariation _ -> TotalVariation.value(distributions, gradient.value);
      case Divergence.NegativeLogAcceptance _ -> Acceptance.value(distributions, gradient.value);
      case Divergence.Dkd _ -> Objects.requireNonNull(decoupled).value(distributions, label, gradient.value);
      case Divergence.LogitMse _ ->
          throw new IllegalArgumentException("logit-mse is not a distance between distributions");
    };
  }

  /**
   * Returns the derivative of the value by {@code T}. With {@code d = log p - log q} it is {@code 2 T D + T (E_p[s] -
   * E_q[s] - Cov_p[t, d])}; the covariance is left out if the teacher has another temperature. The cross-entropy adds
   * the derivative of {@code T^2 H(p)}.
   *
   * @return NaN if the value is not finite
   */
  double temperatureGradient() {
    if (!Double.isFinite(value)) {
      return Double.NaN;
    }
    if (flat) {
      return 0;
    }
    boolean shared = loss.teacherTemperature().isEmpty();
    double meanOfTeacher = 0;
    for (int i = 0; i < classes; i++) {
      meanOfTeacher += distributions.teacherHas(i) ? distributions.p(i) * distributions.shiftedTeacher(i) : 0;
    }
    double sum = 0;
    for (int i = 0; i < classes; i++) {
      if (distributions.studentHas(i)) {
        sum -= distributions.difference(i) * distributions.shiftedStudent(i);
      }
      if (distributions.teacherHas(i) && shared) {
        double fromMean = distributions.shiftedTeacher(i) - meanOfTeacher;
        double weighted = distributions.p(i) * fromMean;
        sum -= weighted * distributions.logRatio[i];
        sum += loss.softValue() == SoftValue.CROSS_ENTROPY ? weighted * fromMean : 0;
      }
    }
    return loss.temperatureScaling()
        ? 2 * temperature * (divergence + entropyInValue()) + temperature * sum
        : sum / temperature;
  }

  private double entropyInValue() {
    return loss.softValue() == SoftValue.CROSS_ENTROPY ? distributions.teacherEntropy() : 0;
  }

  /** Returns the entropy of the teacher, or NaN if its row has no softmax. */
  double teacherEntropy() {
    Softmax softmax = new Softmax(classes);
    softmax.set(u, teacherTemperature());
    return softmax.entropy(u, teacherTemperature());
  }

  /** Returns the entropy of the student, or NaN if its row has no softmax. */
  double studentEntropy() {
    Softmax softmax = new Softmax(classes);
    softmax.set(z, temperature);
    return softmax.entropy(z, temperature);
  }

  private double factor() {
    return loss.temperatureScaling() ? temperature * temperature : 1;
  }

  private double teacherTemperature() {
    return atTemperature || loss.divergence() instanceof Divergence.LogitMse ? 1
        : loss.teacherTemperature().orElse(temperature);
  }
}
