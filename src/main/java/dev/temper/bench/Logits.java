package dev.temper.bench;

import dev.temper.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/**
 * Fills memory with logits as a language model makes them, normally distributed; never zeros, whose exponentials and pages
 * are cheaper than those of data.
 */
final class Logits {

  /** Numbers drawn once; a batch repeats them from a random position on, because drawing each anew would take seconds. */
  private static final int POOL = 1 << 20;

  private final float[] pool = new float[POOL];
  private final SplittableRandom random;

  Logits(long seed, double deviation) {
    random = new SplittableRandom(seed);
    for (int i = 0; i < POOL; i++) {
      pool[i] = (float) (random.nextGaussian() * deviation);
    }
  }

  void fill(MemorySegment target, DType dtype) {
    long count = target.byteSize() / dtype.bytes();
    int position = random.nextInt(POOL);
    for (long i = 0; i < count; i++) {
      store(target, dtype, i, pool[position]);
      // An odd step: rows whose length divides the pool's still differ.
      position = (position + 7) & (POOL - 1);
    }
  }

  private static void store(MemorySegment target, DType dtype, long index, float value) {
    switch (dtype) {
      case F32 -> target.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, index, value);
      case F16 -> target.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, index, Float.floatToFloat16(value));
      case BF16 -> target.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, index, bfloat16(value));
      case I32, I64 -> throw new IllegalArgumentException("logits of dtype " + dtype + ", expected F32, BF16 or F16");
    }
  }

  /** Nearest bfloat16, ties to even; the value is finite. */
  private static short bfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
