package dev.temper.kernel.probe;

import dev.temper.diagnostics.SelfCheck;
import dev.temper.kernel.spec.ProbeKernel;
import dev.temper.kernel.spec.ProbeParameters.Operation;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Checks the device functions that compute with numbers: exponentials, logarithms, maxima, conversions and shifts.
 *
 * @param probe runs a function on the device
 */
record ArithmeticChecks(Probe probe) {

  private static final int THREADS = ProbeKernel.THREADS;
  private static final int BLOCKS = 8;
  /** Items per thread, so that a thread computes several items. */
  private static final int ROUNDS = 3;

  /** Decides whether the result of a device is within the error bound. */
  interface Tolerance {
    boolean allow(float argument, float found);
  }

  SelfCheck exponentials(Operation operation, Tolerance tolerance) {
    int[] arguments = Exponentials.arguments();
    int[] found = probe.run(operation, 1, BLOCKS, 0, arguments.length, arguments, arguments.length);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < found.length; i++) {
      float x = Float.intBitsToFloat(arguments[i]);
      comparison.judge(tolerance.allow(x, Float.intBitsToFloat(found[i])), "2^" + x + ", argument", i, found[i],
          (float) Math.pow(2, x) + " within " + (float) Exponentials.bound(x));
    }
    return comparison.outcome();
  }

  SelfCheck logarithms() {
    int[] arguments = Log2.arguments();
    int[] found = probe.run(Operation.LOG2_NORMAL, 1, BLOCKS, 0, arguments.length, arguments, arguments.length);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < found.length; i++) {
      float x = Float.intBitsToFloat(arguments[i]);
      comparison.judge(Log2.allows(x, Float.intBitsToFloat(found[i])), "log2 " + x + ", argument", i, found[i],
          (float) (Math.log(x) / Math.log(2)) + " within 2^-22");
    }
    return comparison.outcome();
  }

  /** Inverts normal numbers whose inverse is normal. */
  SelfCheck inverses() {
    int[] arguments = Arrays.stream(Log2.arguments()).filter(bits -> Float.intBitsToFloat(bits) < 0x1p126f).toArray();
    int[] found = probe.run(Operation.RECIPROCAL, 1, BLOCKS, 0, arguments.length, arguments, arguments.length);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < found.length; i++) {
      double x = Float.intBitsToFloat(arguments[i]);
      comparison.judge(Math.abs(Float.intBitsToFloat(found[i]) * x - 1) <= 0x1p-22, "1 / " + (float) x + ", argument",
          i, found[i], (float) (1 / x) + " within a relative 2^-22");
    }
    return comparison.outcome();
  }

  /** Each lane of a warp receives the largest number of its lanes. */
  SelfCheck warpMaximum() {
    int[] input = Probe.random(ROUNDS * BLOCKS * THREADS);
    int[] found = probe.run(Operation.WARP_MAX, 1, BLOCKS, 0, input.length, input, input.length);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < input.length; i++) {
      float largest = Float.NEGATIVE_INFINITY;
      for (int lane = 0; lane < 32; lane++) {
        largest = Math.max(largest, Float.intBitsToFloat(input[i / 32 * 32 + lane]));
      }
      comparison.same("lane", i, found[i], Float.floatToRawIntBits(largest));
    }
    return comparison.outcome();
  }

  SelfCheck maximum(HalfMaximum maximum) {
    int[] words = HalfMaximum.inputs();
    int items = words.length / 2;
    int[] found = probe.run(maximum.operation(), 1, BLOCKS, 0, items, words, items);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < 2 * items; i++) {
      int shift = 16 * (i % 2);
      int a = words[i / 2 * 2] >>> shift & 0xffff;
      int b = words[i / 2 * 2 + 1] >>> shift & 0xffff;
      int answer = found[i / 2] >>> shift & 0xffff;
      comparison.judge(maximum.allows(a, b, answer), String.format("0x%04x and 0x%04x, number", a, b), i, answer,
          "one of them");
    }
    return comparison.outcome();
  }

  /** Widens all patterns, each once in the lower and once in the upper half of a word. */
  SelfCheck widen(HalfFormat format, Operation operation) {
    int patterns = 1 << 16;
    int[] words = IntStream.range(0, patterns).map(low -> low | (patterns - 1 - low) << 16).toArray();
    int[] found = probe.run(operation, 1, BLOCKS, 0, patterns, words, 2 * patterns);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < found.length; i++) {
      int pattern = i % 2 == 0 ? i / 2 : patterns - 1 - i / 2;
      if (format.isNan(pattern)) {
        comparison.judge(Float.isNaN(Float.intBitsToFloat(found[i])), "pattern", pattern, found[i], "NaN");
      } else {
        comparison.same("pattern", pattern, found[i], Float.floatToRawIntBits((float) format.value(pattern)));
      }
    }
    return comparison.outcome();
  }

  SelfCheck narrow(HalfFormat format, Operation operation) {
    RoundingTable table = RoundingTable.of(format);
    int[] inputs = table.inputs();
    int pairs = table.size() / 2;
    int[] found = probe.run(operation, 1, BLOCKS, 0, pairs, inputs, pairs);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < 2 * pairs; i++) {
      int pattern = (found[i / 2] >>> (16 * (i % 2))) & 0xffff;
      int expected = table.expected(i);
      String what = String.format("0x%08x, number", inputs[i]);
      if (format.isNan(expected)) {
        comparison.judge(format.isNan(pattern), what, i, pattern, "NaN");
      } else {
        comparison.same(what, i, pattern, expected);
      }
    }
    return comparison.outcome();
  }

  /** Shifts a pair of words by 0 to 31 bits. */
  SelfCheck funnelShift() {
    int items = ROUNDS * BLOCKS * THREADS;
    int[] input = Probe.random(2 * items);
    int[] found = probe.run(Operation.FUNNEL_SHIFT, 1, BLOCKS, 0, items, input, items);
    ProbeComparison comparison = new ProbeComparison();
    for (int i = 0; i < items; i++) {
      long pair = (long) input[2 * i + 1] << Integer.SIZE | Integer.toUnsignedLong(input[2 * i]);
      comparison.same("pair", i, found[i], (int) (pair >>> i % Integer.SIZE));
    }
    return comparison.outcome();
  }
}
