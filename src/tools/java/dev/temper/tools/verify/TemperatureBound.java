package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

import dev.temper.DistillationLoss;

/**
 * Error bound of one row's derivative with respect to the temperature,
 * {@code 2T D + T (E_p[s] - E_q[s] - Var_p[t] + Cov_p[t, s])}. Each expectation is a sum of products
 * with a probability. Its error consists of the error of the probability, 2u of the logit and {@code 3 + log2 C}
 * roundings for each factor. The products of second order are centred at {@code E_p[t]} or at the maximum, which costs
 * the square of the mean.
 */
final class TemperatureBound {

  static final String FORMULA = "2T V + T (sum (err p + (5 + log2 C) u p)(|s| + 2 t^2 + 2 |t s|) + (err q"
      + " + (5 + log2 C) u q) |s|), s and t less their maxima";

  private TemperatureBound() {}

  static double of(DistillationLoss loss, double temperature, SoftmaxPair pair, double valueError) {
    double error = 0;
    boolean shared = loss.teacherTemperature().isEmpty();
    double rounding = (5 + pair.student().sumSteps()) * U;
    for (int i = 0; i < pair.classes(); i++) {
      double s = pair.student().p(i) > 0 ? -pair.student().x(i) : 0;
      double t = pair.teacher().p(i) > 0 ? -pair.teacher().x(i) : 0;
      double second = shared ? 2 * t * t + 2 * t * s : 0;
      error += (pair.teacher().error(i) + rounding * pair.teacher().p(i)) * (s + second);
      error += (pair.student().error(i) + rounding * pair.student().p(i)) * s;
    }
    return loss.temperatureScaling() ? 2 * temperature * valueError + temperature * error : error / temperature;
  }
}
