package dev.temper.reference;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.TopKLists;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Comparator;
import java.util.stream.IntStream;

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
   * Computes lists of the most probable classes. A row without a softmax has NaN in its first slot. Both zeros are
   * equal logits, so they are sorted by a difference from 0: a negation would keep them apart.
   */
  static void topK(HostMatrix logits, TopKLists into) {
    double[] x = new double[logits.classes()];
    int k = into.ids().k();
    Softmax softmax = new Softmax(x.length);
    for (long row = 0; row < logits.rows(); row++) {
      Elements.read(logits, row, x.length, x);
      boolean valid = softmax.set(x, into.temperature());
      int[] order = valid ? IntStream.range(0, x.length).filter(c -> x[c] != Double.NEGATIVE_INFINITY).boxed()
          .sorted(Comparator.comparingDouble((Integer c) -> 0 - x[c])).mapToInt(c -> c).toArray() : new int[] {0};
      double mass = 0;
      for (int slot = 0; slot < k; slot++) {
        boolean used = slot < order.length;
        double log = used ? (x[order[slot]] - softmax.max) / into.temperature() - softmax.logSum
            : Double.NEGATIVE_INFINITY;
        mass += StrictMath.exp(log);
        set(into.ids().values(), row * k + slot, used ? order[slot] : -1);
        set(into.logProbabilities(), row * k + slot, log);
      }
      double rest = 0;
      for (int i = k; i < order.length; i++) {
        rest += StrictMath.exp((x[order[i]] - x[order[k]]) / into.temperature());
      }
      double logTail = order.length <= k ? Double.NEGATIVE_INFINITY
          : StrictMath.log(rest) + (x[order[k]] - softmax.max) / into.temperature() - softmax.logSum;
      set(into.logSumExp(), row, softmax.max / into.temperature() + softmax.logSum);
      set(into.mass(), row, mass);
      set(into.logTail(), row, valid ? logTail : Double.NaN);
    }
  }

  private static void set(RowVector vector, long at, double value) {
    MemorySegment segment = ((RowVector.Host) vector).segment();
    if (vector.dtype() == DType.I32) {
      segment.set(ValueLayout.JAVA_INT_UNALIGNED, at * Integer.BYTES, (int) value);
    } else {
      segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at * Float.BYTES, (float) value);
    }
  }

  private static void set(MatrixView matrix, long at, double value) {
    ((HostMatrix) matrix).segment().set(ValueLayout.JAVA_FLOAT_UNALIGNED, at * Float.BYTES, (float) value);
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
