package dev.temper.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.temper.DType;
import dev.temper.MatrixView;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import org.jspecify.annotations.Nullable;

/** Mirrors the struct Shape of native/cpu/job.h, which holds width, row stride and dtype of one matrix. */
final class ShapeStruct {

  static final StructLayout LAYOUT = MemoryLayout.structLayout(
      JAVA_LONG.withName("width"), JAVA_LONG.withName("stride"), JAVA_INT.withName("dtype"),
      MemoryLayout.paddingLayout(4));

  private static final long WIDTH = offset(LAYOUT, "width");
  private static final long STRIDE = offset(LAYOUT, "stride");
  private static final long DTYPE = offset(LAYOUT, "dtype");

  private ShapeStruct() {}

  /** Writes the shape at an offset. An absent matrix writes nothing, so its fields keep the zeros of the allocation. */
  static void put(MemorySegment to, long at, @Nullable MatrixView matrix) {
    if (matrix != null) {
      to.set(JAVA_LONG, at + WIDTH, (long) matrix.classes());
      to.set(JAVA_LONG, at + STRIDE, matrix.rowStride());
      to.set(JAVA_INT, at + DTYPE, code(matrix.dtype()));
    }
  }

  static long offset(StructLayout struct, String name) {
    return struct.byteOffset(PathElement.groupElement(name));
  }

  private static int code(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 1;
      case BF16 -> 2;
      case I32, I64 -> throw new IllegalArgumentException(dtype + " is no dtype of logits");
    };
  }
}
