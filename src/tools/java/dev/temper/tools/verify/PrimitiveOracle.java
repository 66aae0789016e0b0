package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

import java.util.Arrays;

/** The expected results of log-softmax, its backward, softmax and argmax, with error bounds. */
final class PrimitiveOracle {

  private PrimitiveOracle() {}

  static void compare(Case c, CaseData data, double[] found, Comparison comparison) {
    int columns = c.layout().classes();
    int rows = c.layout().rows();
    if (c.method() == EngineMethod.ARGMAX) {
      double[] expected = new double[rows];
      for (int row = 0; row < rows; row++) {
        expected[row] = argmax(Arrays.copyOfRange(data.student(), row * columns, (row + 1) * columns));
      }
      comparison.same("argmax", found, expected, 1);
      return;
    }
    double[] expected = new double[rows * columns];
    double[] bounds = new double[rows * columns];
    for (int row = 0; row < rows; row++) {
      double[] x = Arrays.copyOfRange(data.student(), row * columns, (row + 1) * columns);
      double[] g = Arrays.copyOfRange(data.teacher(), row * columns, (row + 1) * columns);
      if (Oracle.isValid(x)) {
        row(c, x, g, expected, bounds, row * columns);
      } else {
        Arrays.fill(expected, row * columns, (row + 1) * columns, Double.NaN);
      }
    }
    comparison.within("output", found, expected, bounds, c.layout().gradient(), columns);
  }

  private static void row(Case c, double[] x, double[] g, double[] expected, double[] bounds, int base) {
    double temperature = c.method() == EngineMethod.SOFTMAX ? 1 : c.loss().temperature();
    SoftmaxBound softmax = SoftmaxBound.of(x, temperature, 0);
    double sum = 0;
    double size = 0;
    for (double each : g) {
      sum += each;
      size += Math.abs(each);
    }
    for (int i = 0; i < x.length; i++) {
      double p = softmax.p(i);
      switch (c.method()) {
        case SOFTMAX -> {
          expected[base + i] = p;
          bounds[base + i] = softmax.error(i) + 0x1p-148;
        }
        case LOG_SOFTMAX -> {
          expected[base + i] = softmax.logP(i);
          bounds[base + i] = p == 0 && softmax.x(i) == Double.NEGATIVE_INFINITY ? 0
              : softmax.logSumError() + U * (2 * -softmax.x(i) + Math.abs(softmax.logP(i)));
        }
        case LOG_SOFTMAX_BACKWARD -> {
          expected[base + i] = (g[i] - p * sum) / temperature;
          bounds[base + i] = (softmax.error(i) * Math.abs(sum) + p * (2 + softmax.sumSteps()) * U * size
              + 4 * U * (Math.abs(g[i]) + p * Math.abs(sum))) / temperature;
        }
        default -> throw new IllegalStateException(c.method() + " is not a map of rows");
      }
    }
  }

  private static int argmax(double[] x) {
    int best = 0;
    for (int i = 0; i < x.length; i++) {
      if (Double.isNaN(x[i])) {
        return i;
      }
      best = x[i] > x[best] ? i : best;
    }
    return best;
  }
}
