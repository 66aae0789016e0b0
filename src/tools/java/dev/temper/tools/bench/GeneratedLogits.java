package dev.temper.tools.bench;

import dev.temper.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.LongStream;

/**
 * Logits and labels as functions of a stream and an index, so that any program can generate the same data; {@code
 * benchmarks/gpu} does so in Python. The logits are nearly normal, like those of a language model. No logit is zero.
 * Zeros would be faster than data, because their exponentials are trivial, their pages may be shared and fewer
 * transistors switch.
 *
 * <p>A logit is an odd integer times 2^-19 and a small factor; the integer is twice the centred sum of four 16-bit
 * parts of a hash, plus 1. The logit is exact in F32; BF16 and F16 have the nearest value, ties to even.
 */
enum GeneratedLogits {
  /** Logits of the student; standard deviation 2.02. */
  STUDENT(0, 14),
  /** Logits of the teacher; standard deviation 3.03. */
  TEACHER(1, 21);

  private static final long GOLDEN = 0x9e3779b97f4a7c15L;
  /** Streams of one batch: student, teacher, labels, and one that is unused. */
  private static final int STREAMS = 4;
  private static final int LABELS = 2;
  /** Twice the mean of the sum, minus 1, so that no logit is 0. */
  private static final int CENTRE = 4 * 0xffff - 1;
  private static final float UNIT = 0x1p-19f;
  private static final long CHUNK = 1L << 16;

  private final int stream;
  private final float scale;

  GeneratedLogits(int stream, int factor) {
    this.stream = stream;
    scale = factor * UNIT;
  }

  /** A logit of a batch; the index counts row by row. */
  float at(int batch, long index) {
    return value(base(batch, stream), index);
  }

  /** The label of a row. */
  static long label(int batch, long row, int classes) {
    return (hash(base(batch, LABELS), row) >>> 33) % classes;
  }

  /**
   * Fills memory with logits of a batch.
   *
   * @param target memory of the logits, which any thread may access
   * @param first index of the first logit in the batch
   */
  void fill(MemorySegment target, DType dtype, int batch, long first) {
    fill(target, dtype, batch, first, 1);
  }

  /** Fills memory with logits of a batch, multiplied by a power of two before they are rounded to the dtype. */
  void fill(MemorySegment target, DType dtype, int batch, long first, float factor) {
    long count = target.byteSize() / dtype.bytes();
    long start = base(batch, stream) + GOLDEN * first;
    LongStream.range(0, Math.ceilDiv(count, CHUNK)).parallel().forEach(chunk -> {
      long begin = chunk * CHUNK;
      fill(target, dtype, start, begin, Math.min(count, begin + CHUNK), factor);
    });
  }

  /** Fills memory with the labels of a batch from row {@code first} on. */
  static void fillLabels(MemorySegment target, int batch, long first, int classes) {
    long count = target.byteSize() / Long.BYTES;
    for (long i = 0; i < count; i++) {
      target.setAtIndex(ValueLayout.JAVA_LONG, i, label(batch, first + i, classes));
    }
  }

  private void fill(MemorySegment target, DType dtype, long base, long first, long end, float factor) {
    switch (dtype) {
      case F32 -> {
        for (long i = first; i < end; i++) {
          target.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, factor * value(base, i));
        }
      }
      case BF16, F16 -> {
        for (long i = first; i < end; i++) {
          target.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, dtype.narrow(factor * value(base, i)));
        }
      }
      case I32, I64 -> throw new IllegalArgumentException("logits of dtype " + dtype + ", expected F32, BF16 or F16");
    }
  }

  /** An element of a matrix as a float. */
  static float read(MemorySegment from, DType dtype, long index) {
    return switch (dtype) {
      case F32 -> from.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, index);
      case BF16, F16 -> dtype.widen(from.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, index));
      case I32, I64 -> throw new IllegalArgumentException("logits of dtype " + dtype + ", expected F32, BF16 or F16");
    };
  }

  private float value(long base, long index) {
    long hash = hash(base, index);
    int sum = (int) (hash & 0xffff) + (int) (hash >>> 16 & 0xffff) + (int) (hash >>> 32 & 0xffff) + (int) (hash >>> 48);
    return (2 * sum - CENTRE) * scale;
  }

  private static long base(int batch, int stream) {
    return mix(GOLDEN * ((long) batch * STREAMS + stream + 1));
  }

  private static long hash(long base, long index) {
    return mix(base + GOLDEN * (index + 1));
  }

  /** Finaliser of SplitMix64 (Steele, Lea, Flood 2014; Stafford's variant 13). */
  private static long mix(long value) {
    long mixed = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
    return mixed ^ mixed >>> 31;
  }
}
