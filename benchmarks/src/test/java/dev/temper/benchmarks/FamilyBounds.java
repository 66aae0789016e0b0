package dev.temper.benchmarks;

import static dev.temper.benchmarks.RoundingBounds.U;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.SoftValue;
import java.util.Arrays;

/**
 * How far one row of an f32 engine may be from the exact values, for every divergence and option, as formulas in the
 * unit roundoff {@code u = 2^-24}.
 *
 * <p>Logits {@code x} that are off by {@code e} have a softmax whose relative error is {@code eps = u (4 R/T + 16) +
 * 2 e/T}, {@code R} their range, as in {@link RoundingBounds}. Let {@code eps} be the sum of both sides, {@code d =
 * log p - log q} and {@code w = max(p, q) (1 + |d|)}. Every divergence is a sum of terms of at most {@code w}, whose
 * derivative with respect to {@code log p} or {@code log q} is at most {@code w} too, because a mixture lies between p
 * and q. So the value is off by {@code T^2 (eps + 8u) sum w}, and its gradient {@code T q (g - sum q g)}, where
 * {@code q |g| <= w}, by {@code 3 T eps (w + q sum w)}. Negative log-acceptance divides both by A.
 */
final class FamilyBounds {

  private final DistillationLoss loss;
  private final double temperature;
  private final double teacherTemperature;
  private final int label;
  private final int classes;
  private final double steps;
  private double soft;
  private final double[] softGradient;
  /** Bound of the size of the gradient of the soft part. */
  private final double[] size;
  private double hard;
  private final double[] hardGradient;

  FamilyBounds(DistillationLoss loss, double temperature, double[] student, double[] teacher, int label) {
    this.loss = loss;
    this.temperature = temperature;
    teacherTemperature = loss.teacherTemperature().orElse(temperature);
    this.label = label;
    classes = student.length;
    steps = 4 + Math.log(classes) / Math.log(2);
    softGradient = new double[classes];
    size = new double[classes];
    hardGradient = new double[classes];
    RoundedLogits z = RoundedLogits.capped(student, loss.softcap());
    RoundedLogits u = RoundedLogits.capped(teacher, loss.teacherSoftcap());
    soft(loss.standardise() ? z.standardised() : z, loss.standardise() ? u.standardised() : u);
    if (loss.standardise()) {
      unstandardise(z);
    }
    hard(z);
    uncap(student);
  }

  /** Absolute error of the soft loss. */
  double soft() {
    return soft;
  }

  /** Absolute error of the hard loss. */
  double hard() {
    return hard;
  }

  /** Absolute error of the gradient of both weighted parts. */
  double gradient(int i) {
    return loss.softWeight() * softGradient[i] + loss.hardWeight() * hardGradient[i];
  }

  private void soft(RoundedLogits z, RoundedLogits u) {
    double squared = loss.temperatureScaling() ? temperature * temperature : 1;
    switch (loss.divergence()) {
      case Divergence.LogitMse() -> meanSquare(z, u);
      case Divergence.Dkd(double a, double b) -> {
        decoupled(a, b, z, u);
        scale(squared);
      }
      default -> {
        distributions(1, z, u, RoundedLogits.NONE);
        if (loss.divergence() instanceof Divergence.NegativeLogAcceptance) {
          scale(1 / acceptance(z, u));
        }
        soft += loss.softValue() == SoftValue.CROSS_ENTROPY ? entropy(u) : 0;
        scale(squared);
      }
    }
  }

  private void scale(double squared) {
    soft *= squared;
    for (int i = 0; i < classes; i++) {
      softGradient[i] *= squared / temperature;
      size[i] *= squared / temperature;
    }
  }

  /** Adds the bounds of a divergence of the softmax over all classes but one. */
  private void distributions(double weight, RoundedLogits z, RoundedLogits u, int without) {
    double eps = z.eps(temperature) + u.eps(teacherTemperature);
    double ofZ = z.logSumExp(temperature, without);
    double ofU = u.logSumExp(teacherTemperature, without);
    double sum = 0;
    double[] w = new double[classes];
    for (int i = 0; i < classes; i++) {
      double logQ = z.x()[i] / temperature - ofZ;
      double logP = u.x()[i] / teacherTemperature - ofU;
      w[i] = i == without ? 0 : Math.exp(Math.max(logP, logQ)) * (1 + Math.abs(logP - logQ));
      sum += w[i];
    }
    soft += weight * (eps + 8 * U) * sum;
    for (int i = 0; i < classes; i++) {
      double q = i == without ? 0 : Math.exp(z.x()[i] / temperature - ofZ);
      size[i] += weight * (w[i] + q * sum);
      softGradient[i] += 3 * weight * eps * (w[i] + q * sum);
    }
  }

  /** The teacher's entropy {@code -sum p log p} is off by {@code (eps + 8u) sum p (1 + |log p|)}. */
  private double entropy(RoundedLogits u) {
    double lse = u.logSumExp(teacherTemperature, RoundedLogits.NONE);
    double sum = 0;
    for (double each : u.x()) {
      double logP = each / teacherTemperature - lse;
      sum += Math.exp(logP) * (1 - logP);
    }
    return (u.eps(teacherTemperature) + 8 * U) * sum;
  }

  private double acceptance(RoundedLogits z, RoundedLogits u) {
    double sum = 0;
    for (int i = 0; i < classes; i++) {
      sum += Math.exp(Math.min(z.x()[i] / temperature - z.logSumExp(temperature, RoundedLogits.NONE),
          u.x()[i] / teacherTemperature - u.logSumExp(teacherTemperature, RoundedLogits.NONE)));
    }
    return sum;
  }

  /** Label against rest has two classes, and the gradient {@code (q_y - p_y)} at y, that times {@code q'} elsewhere. */
  private void decoupled(double a, double b, RoundedLogits z, RoundedLogits u) {
    double eps = z.eps(temperature) + u.eps(teacherTemperature);
    distributions(b, z, u, label);
    double ofZ = z.logSumExp(temperature, RoundedLogits.NONE);
    double ofU = u.logSumExp(teacherTemperature, RoundedLogits.NONE);
    double restOfZ = z.logSumExp(temperature, label) - ofZ;
    double restOfU = u.logSumExp(teacherTemperature, label) - ofU;
    double logQ = z.x()[label] / temperature - ofZ;
    double logP = u.x()[label] / teacherTemperature - ofU;
    soft += a * (eps + 8 * U) * (Math.exp(Math.max(logP, logQ)) * (1 + Math.abs(logP - logQ))
        + Math.exp(Math.max(restOfU, restOfZ)) * (1 + Math.abs(restOfU - restOfZ)));
    double both = Math.exp(logQ) + Math.exp(logP);
    for (int i = 0; i < classes; i++) {
      double share = i == label ? 1 : Math.exp(z.x()[i] / temperature - ofZ - restOfZ);
      size[i] += a * both * share;
      softGradient[i] += 3 * a * eps * both * share;
    }
  }

  /** {@code (z - u)^2/C} is off by {@code 2 e |z - u|} and the roundings of the sum. */
  private void meanSquare(RoundedLogits z, RoundedLogits u) {
    double error = z.error() + u.error();
    for (int i = 0; i < classes; i++) {
      double difference = Math.abs(z.x()[i] - u.x()[i]);
      soft += (2 * error * difference + (2 + steps) * U * difference * difference) / classes;
      size[i] = 2 * difference / classes;
      softGradient[i] = 2 * error / classes + 6 * U * size[i];
    }
  }

  /**
   * {@code (h - mean h)/sd - x' sum h x' / ((C - 1) sd)} of a gradient h with these bounds. The factors are off by
   * {@code K u = u (2 k (1 + X^2) + 12)}, the {@code x'} by their own error.
   */
  private void unstandardise(RoundedLogits logits) {
    RoundedLogits standard = logits.standardised();
    double sd = logits.deviation();
    double largest = Arrays.stream(standard.x()).map(Math::abs).max().orElseThrow();
    double relative = U * (2 * steps * (1 + largest * largest) + 12) + 2 * logits.error() / sd;
    double boundMean = Arrays.stream(softGradient).sum() / classes;
    double sizeMean = Arrays.stream(size).sum() / classes;
    double boundAlong = 0;
    double sizeAlong = 0;
    for (int i = 0; i < classes; i++) {
      boundAlong += softGradient[i] * Math.abs(standard.x()[i]) / (classes - 1);
      sizeAlong += size[i] * Math.abs(standard.x()[i]) / (classes - 1);
    }
    double total = sizeMean * classes / (classes - 1);
    for (int i = 0; i < classes; i++) {
      double x = Math.abs(standard.x()[i]);
      softGradient[i] = (softGradient[i] + boundMean + x * boundAlong
          + relative * (size[i] + sizeMean + x * sizeAlong) + standard.error() * (sizeAlong + x * total)) / sd;
      size[i] = (size[i] + sizeMean + x * sizeAlong) / sd;
    }
  }

  /**
   * With {@code eps} of the softmax r at T = 1 and z-loss weight v: the value is off by
   * {@code (eps + 8u (|lse| + |z_y| + e mean |z|)) (1 + 2 v |lse|)}, the gradient with respect to
   * {@code r eps (1 + 2 v (1 + |lse|)) + 8u m}, m the sum of the sizes of its terms.
   */
  private void hard(RoundedLogits z) {
    double eps = z.eps(1);
    double lse = z.logSumExp(1, RoundedLogits.NONE);
    double magnitude = Math.abs(lse) + Math.abs(z.x()[label])
        + loss.labelSmoothing() * Arrays.stream(z.x()).map(Math::abs).sum() / classes;
    double slope = 2 * loss.zLoss() * Math.abs(lse);
    hard = (eps + 8 * U * magnitude) * (1 + slope);
    for (int i = 0; i < classes; i++) {
      double r = Math.exp(z.x()[i] - lse);
      double terms = r * (1 + slope) + (i == label ? 1 : 0) + loss.labelSmoothing() / classes;
      hardGradient[i] = r * eps * (1 + slope + 2 * loss.zLoss()) + 8 * U * terms;
    }
  }

  /** Softcap multiplies the gradient by {@code 1 - tanh^2}, which is off by 8 u. */
  private void uncap(double[] student) {
    if (loss.softcap().isEmpty()) {
      return;
    }
    double lse = RoundedLogits.capped(student, loss.softcap()).logSumExp(1, RoundedLogits.NONE);
    for (int i = 0; i < classes; i++) {
      double tanh = Math.tanh(student[i] / loss.softcap().getAsDouble());
      double ofHard = 2 + 2 * loss.zLoss() * Math.abs(lse);
      softGradient[i] = softGradient[i] * (1 - tanh * tanh) + 8 * U * size[i];
      hardGradient[i] = hardGradient[i] * (1 - tanh * tanh) + 8 * U * ofHard;
    }
  }
}
