package dev.temper.cpu.blas;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.temper.DType;
import dev.temper.HostMatrix;
import java.lang.foreign.MemorySegment;

/** Converts blocks of BF16 or F16 matrices to and from floats in row-major scratch memory without gaps. */
final class Halves {

  private Halves() {}

  /** Widens a block. */
  static void widen(HostMatrix from, Block block, MemorySegment floats) {
    MemorySegment bits = from.segment();
    boolean isBf16 = from.dtype() == DType.BF16;
    for (int row = 0; row < block.rows(); row++) {
      long source = offset(from, block, row);
      long target = (long) row * block.columns() * Float.BYTES;
      // Two loops, so that the compiler can vectorise each of them.
      if (isBf16) {
        for (int i = 0; i < block.columns(); i++) {
          int widened = bits.get(JAVA_SHORT_UNALIGNED, source + (long) i * Short.BYTES) << 16;
          floats.set(JAVA_FLOAT, target + (long) i * Float.BYTES, Float.intBitsToFloat(widened));
        }
      } else {
        for (int i = 0; i < block.columns(); i++) {
          float widened = Float.float16ToFloat(bits.get(JAVA_SHORT_UNALIGNED, source + (long) i * Short.BYTES));
          floats.set(JAVA_FLOAT, target + (long) i * Float.BYTES, widened);
        }
      }
    }
  }

  /** Stores {@code floats + beta * block}, rounded to the dtype of the matrix. A sum is rounded from f64. */
  static void store(MemorySegment floats, double beta, HostMatrix into, Block block) {
    MemorySegment bits = into.segment();
    DType dtype = into.dtype();
    for (int row = 0; row < block.rows(); row++) {
      long target = offset(into, block, row);
      long source = (long) row * block.columns() * Float.BYTES;
      for (int i = 0; i < block.columns(); i++) {
        long at = target + (long) i * Short.BYTES;
        float value = floats.get(JAVA_FLOAT, source + (long) i * Float.BYTES);
        if (beta != 0) {
          value = (float) (value + beta * dtype.widen(bits.get(JAVA_SHORT_UNALIGNED, at)));
        }
        bits.set(JAVA_SHORT_UNALIGNED, at, dtype.narrow(value));
      }
    }
  }

  private static long offset(HostMatrix matrix, Block block, int row) {
    return ((block.row() + row) * matrix.rowStride() + block.column()) * Short.BYTES;
  }
}
