package dev.temper.cpu;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.LossInputs;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.function.DoubleSupplier;

/**
 * Holds random logits and labels in native memory with gaps between rows. No row need be aligned to more than its
 * dtype.
 */
final class StridedBatch {
  final HostMatrix student;
  final HostMatrix teacher;
  final long[] labels;

  StridedBatch(Arena arena, long seed, int rows, int classes, DType studentType, DType teacherType, double spread) {
    Random random = new Random(seed);
    student = matrix(arena, rows, classes, studentType, () -> spread * random.nextGaussian());
    teacher = matrix(arena, rows, classes, teacherType, () -> spread * random.nextGaussian());
    labels = random.longs(rows, 0, classes).toArray();
  }

  LossInputs inputs() {
    return LossInputs.of(student).withTeacher(Teacher.logits(teacher)).withLabels(RowVector.labels(labels));
  }

  static HostMatrix matrix(Arena arena, int rows, int classes, DType type, DoubleSupplier values) {
    HostMatrix matrix = empty(arena, rows, classes, type);
    for (int row = 0; row < rows; row++) {
      for (int c = 0; c < classes; c++) {
        set(matrix, row, c, (float) values.getAsDouble());
      }
    }
    return matrix;
  }

  static HostMatrix empty(Arena arena, int rows, int classes, DType type) {
    long stride = classes + 3L;
    MemorySegment memory = arena.allocate((rows * stride + 1) * type.bytes(), 64).asSlice(type.bytes());
    return new HostMatrix(memory, rows, classes, stride, type);
  }

  static void set(HostMatrix matrix, long row, int column, float value) {
    long at = (row * matrix.rowStride() + column) * matrix.dtype().bytes();
    switch (matrix.dtype()) {
      case F32 -> matrix.segment().set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, value);
      case F16 -> matrix.segment().set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(value));
      // The value is truncated to bf16. Tests read the stored value back, so its rounding does not matter.
      default -> matrix.segment()
          .set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) (Float.floatToRawIntBits(value) >>> 16));
    }
  }

  static float get(HostMatrix matrix, long row, int column) {
    long at = (row * matrix.rowStride() + column) * matrix.dtype().bytes();
    return switch (matrix.dtype()) {
      case F32 -> matrix.segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
      case F16 -> Float.float16ToFloat(matrix.segment().get(ValueLayout.JAVA_SHORT_UNALIGNED, at));
      default -> Float.intBitsToFloat(matrix.segment().get(ValueLayout.JAVA_SHORT_UNALIGNED, at) << 16);
    };
  }

  static float[] row(HostMatrix matrix, long row) {
    float[] values = new float[matrix.classes()];
    for (int c = 0; c < values.length; c++) {
      values[c] = get(matrix, row, c);
    }
    return values;
  }

  /** Returns the relative rounding error of a value that is stored in a dtype. */
  static double unitRoundoff(DType type) {
    return switch (type) {
      case F32 -> 0x1p-24;
      case F16 -> 0x1p-11;
      default -> 0x1p-8;
    };
  }
}
