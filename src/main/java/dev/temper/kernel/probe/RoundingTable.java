package dev.temper.kernel.probe;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Numbers whose rounding to 16 bits is known. They are each number of the format, the middle between it and the next,
 * and the f32 numbers next to the middle, with both signs. The largest number, the infinities, and NaNs whose upper
 * half has no payload are added.
 */
final class RoundingTable {

  private static final int[] NANS =
      {0x7fc00000, 0x7f800001, 0x7f80ffff, 0x7fffffff, 0xffc00000, 0xff800001, 0xffffffff, 0x7f802000};

  private final int[] inputs;
  private final int[] expected;
  private int size;

  private RoundingTable(int capacity) {
    inputs = new int[capacity];
    expected = new int[capacity];
  }

  /** Returns the table of a format in random order, with an even number of entries. */
  static RoundingTable of(HalfFormat format) {
    RoundingTable table = new RoundingTable(8 * format.infinity() + 2 * 2 + NANS.length);
    for (int magnitude = 0; magnitude < format.infinity(); magnitude++) {
      float lower = (float) format.finite(magnitude);
      float middle = (float) ((format.finite(magnitude) + format.finite(magnitude + 1)) / 2);
      table.add(lower, magnitude);
      table.add(Math.nextDown(middle), magnitude);
      table.add(middle, magnitude + (magnitude & 1));
      table.add(Math.nextUp(middle), magnitude + 1);
    }
    table.add(Float.MAX_VALUE, format.infinity());
    table.add(Float.POSITIVE_INFINITY, format.infinity());
    for (int nan : NANS) {
      table.put(nan, format.infinity() + 1);
    }
    table.shuffle();
    return table;
  }

  /** Number of entries. */
  int size() {
    return size;
  }

  /** The numbers as f32 bits. */
  int[] inputs() {
    return Arrays.copyOf(inputs, size);
  }

  /** The pattern that a number rounds to; for NaN, any NaN. */
  int expected(int index) {
    return expected[index];
  }

  /** Adds a number and its negative. */
  private void add(float value, int pattern) {
    put(Float.floatToRawIntBits(value), pattern);
    put(Float.floatToRawIntBits(-value), pattern | HalfFormat.SIGN);
  }

  private void put(int input, int pattern) {
    inputs[size] = input;
    expected[size++] = pattern;
  }

  private void shuffle() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = size - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      swap(inputs, i, other);
      swap(expected, i, other);
    }
  }

  private static void swap(int[] values, int a, int b) {
    int kept = values[a];
    values[a] = values[b];
    values[b] = kept;
  }
}
