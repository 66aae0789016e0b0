package dev.temper.benchmarks;

import static dev.temper.benchmarks.LinearModel.FEATURES;
import static dev.temper.benchmarks.LinearModel.HARD_WEIGHT;
import static dev.temper.benchmarks.LinearModel.ROWS;
import static dev.temper.benchmarks.LinearModel.SOFT_WEIGHT;
import static dev.temper.benchmarks.LinearModel.TEMPERATURE;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * How far f32 results may be from exact ones, as formulas in the unit roundoff {@code u = 2^-24}.
 *
 * <p>A softmax: its argument {@code (z - m)/T} carries two roundings of a number of up to the row's range {@code R/T},
 * in the element and again in the sum, hence {@code 4 R/T}; the exponentials (2 u each, T times that where e^x is a
 * power of e^(x/T)), the lanes and blocks of the sum and the last operations add up to 16. A product of matrices rounds
 * n times with random signs, hence {@code sqrt(n) u} (Higham and Mary 2019).
 */
final class RoundingBounds {

  static final double U = 0x1p-24;
  private static final double SOFTMAX_ROUNDINGS = 16;

  private RoundingBounds() {}

  /**
   * Of the gradient with respect to the logits, element by element:
   * {@code u/N [h r k(R_z) + s T (q k(R_z/T) + p k(R_u/T))] + 3 u |g|} with {@code k(R) = 4 R + 16}.
   */
  static Tensor gradient(Tensor logits, Tensor teacher, Tensor exactGradient) {
    Tensor z = logits.detach().to(ScalarType.Double);
    Tensor t = teacher.to(ScalarType.Double);
    Tensor hard = softmaxError(z, 1).mul(new Scalar(HARD_WEIGHT));
    Tensor soft = softmaxError(z, TEMPERATURE).add(softmaxError(t, TEMPERATURE))
        .mul(new Scalar(SOFT_WEIGHT * TEMPERATURE));
    return hard.add(soft).div(new Scalar((double) ROWS)).add(exactGradient.abs().mul(new Scalar(3 * U)));
  }

  /**
   * Of a gradient that is stored as bf16: the nearest of those with 8 bits, {@code 2^-8 (|g| + dg)} away from what is
   * rounded.
   */
  static Tensor storedInBf16(Tensor exactGradient, Tensor gradientError) {
    return gradientError.add(exactGradient.abs().add(gradientError).mul(new Scalar(0x1p-8)));
  }

  private static Tensor softmaxError(Tensor logits, double temperature) {
    double range = logits.max().sub(logits.min()).item_double() / temperature;
    return torch.softmax(logits.div(new Scalar(temperature)), 1).mul(new Scalar(U * (4 * range + SOFTMAX_ROUNDINGS)));
  }

  /** Of {@code dW = x^T g} for a g with the given error, element by element: {@code |x|^T dg + sqrt(N) u |x|^T |g|}. */
  static Tensor weightGradient(Tensor x, Tensor exactGradient, Tensor gradientError) {
    Tensor transposed = x.to(ScalarType.Double).abs().t();
    return transposed.matmul(gradientError)
        .add(transposed.matmul(exactGradient.abs()).mul(new Scalar(Math.sqrt(ROWS) * U)));
  }

  /**
   * By how much one step of descent moves two runs apart, in the Frobenius norm, if roundings are independent: each run
   * errs by the rate times {@code sqrt((x^2)^T (dg + dh)^2)} and by the rounding of its update. The logits' own error
   * {@code dz = sqrt(D) u sqrt(x^2 W^2)} reaches their gradient through the Hessian: {@code dh = 2/N (h r + s q) dz}.
   */
  static double step(LinearModel model, Tensor logits, double rate) {
    Tensor exact = model.exactGradient(logits);
    Tensor x = model.x.to(ScalarType.Double);
    Tensor w = model.weights.detach().to(ScalarType.Double);
    Tensor z = logits.detach().to(ScalarType.Double);
    Tensor curvature = torch.softmax(z, 1).mul(new Scalar(HARD_WEIGHT))
        .add(torch.softmax(z.div(new Scalar(TEMPERATURE)), 1).mul(new Scalar(SOFT_WEIGHT)));
    Tensor ofLogits = x.square().matmul(w.square()).sqrt().mul(curvature)
        .mul(new Scalar(2 * Math.sqrt(FEATURES) * U / ROWS));
    Tensor error = gradient(logits, model.teacher, exact).add(ofLogits);
    double ofGradient = Math.sqrt(x.t().square().matmul(error.square()).sum().item_double());
    double update = U * (norm(w) + 2 * rate * norm(x.t().matmul(exact)));
    return Math.sqrt(2) * Math.hypot(rate * ofGradient, update);
  }

  /**
   * A rate at which descent on this convex loss never moves two runs apart: 1/L with {@code L <= |x|^2 (h + s) / 2N},
   * where the largest row sum of {@code |x^T x|} bounds the square of the spectral norm.
   */
  static double safeRate(LinearModel model) {
    Tensor x = model.x.to(ScalarType.Double);
    double squaredNorm = x.t().matmul(x).abs().sum(1).max().item_double();
    return 2.0 * ROWS / (squaredNorm * (HARD_WEIGHT + SOFT_WEIGHT));
  }

  static double norm(Tensor tensor) {
    return tensor.norm().item_double();
  }
}
