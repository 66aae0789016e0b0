package dev.temper.reference;

import dev.temper.HostMatrix;
import dev.temper.RowVector;
import java.lang.foreign.ValueLayout;

/**
 * Computes the primitives beside the losses. Each row is read to its end before its output is written, so that input
 * and output may be the same memory.
 */
final class RowMaps {

  private RowMaps() {}

  /** Computes {@code log softmax(x/T)}. A row that holds NaN or +inf or consists of -inf gives NaN in every element. */
  static void logSoftmax(HostMatrix logits, double temperature, HostMatrix output) {
    double[] x = new double[logits.classes()];
    Softmax softmax = new Softmax(x.length);
    for (long row = 0; row < logits.rows(); row++) {
      Elements.read(logits, row, x.length, x);
      softmax.set(x, temperature);
      for (int i = 0; i < x.length; i++) {
        x[i] = (x[i] - softmax.max) / temperature - softmax.logSum;
      }
      Elements.write(x, output, row);
    }
  }

  /** Computes {@code (g - softmax(x/T) sum g)/T}. */
  static void logSoftmaxBackward(HostMatrix logits, double temperature, HostMatrix upstream, HostMatrix output) {
    double[] x = new double[logits.classes()];
    double[] g = new double[logits.classes()];
    Softmax softmax = new Softmax(x.length);
    for (long row = 0; row < logits.rows(); row++) {
      Elements.read(logits, row, x.length, x);
      Elements.read(upstream, row, g.length, g);
      softmax.set(x, temperature);
      double sum = 0;
      for (double each : g) {
        sum += each;
      }
      for (int i = 0; i < x.length; i++) {
        x[i] = (g[i] - softmax.probability[i] * sum) / temperature;
      }
      Elements.write(x, output, row);
    }
  }

  /** Computes {@code softmax(x)}. */
  static void softmax(HostMatrix logits, HostMatrix output) {
    double[] x = new double[logits.classes()];
    Softmax softmax = new Softmax(x.length);
    for (long row = 0; row < logits.rows(); row++) {
      Elements.read(logits, row, x.length, x);
      softmax.set(x, 1);
      Elements.write(softmax.probability, output, row);
    }
  }

  /**
   * Computes the index of the largest logit. Equal logits give the lowest index, and a row with NaN gives the index of
   * its first NaN.
   */
  static void argmax(HostMatrix logits, RowVector.Host output) {
    double[] x = new double[logits.classes()];
    for (long row = 0; row < logits.rows(); row++) {
      Elements.read(logits, row, x.length, x);
      int best = 0;
      for (int i = 1; i < x.length && !Double.isNaN(x[best]); i++) {
        best = x[i] > x[best] || Double.isNaN(x[i]) ? i : best;
      }
      switch (output.dtype()) {
        case I32 -> output.segment().set(ValueLayout.JAVA_INT_UNALIGNED, row * Integer.BYTES, best);
        case I64 -> output.segment().set(ValueLayout.JAVA_LONG_UNALIGNED, row * Long.BYTES, best);
        case F32, BF16, F16 -> throw new IllegalArgumentException("output has dtype " + output.dtype()
            + ", expected I32 or I64");
      }
    }
  }
}
