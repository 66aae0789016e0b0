package dev.temper.head;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.LinearHead;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/** Random hidden states of a student and a teacher, their heads, and memory for all gradients. */
final class HeadBatch {

  static final int CLASSES = 37;
  static final int FEATURES = 7;
  static final int TEACHER_FEATURES = 11;

  final int rows;
  final DType dtype;
  final HostMatrix hidden;
  final HostMatrix weight;
  final HostMatrix bias;
  final HostMatrix teacherHidden;
  final HostMatrix teacherWeight;
  final HostMatrix teacherBias;
  final long[] labels;
  final HostMatrix hiddenGradient;
  final HostMatrix weightGradient;
  final HostMatrix biasGradient;
  final float[] soft;
  final float[] hard;

  private HeadBatch(int rows, DType dtype, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    this.rows = rows;
    this.dtype = dtype;
    hidden = random(rows, FEATURES, dtype, random);
    weight = random(CLASSES, FEATURES, dtype, random);
    bias = random(1, CLASSES, dtype, random);
    teacherHidden = random(rows, TEACHER_FEATURES, DType.F32, random);
    teacherWeight = random(CLASSES, TEACHER_FEATURES, DType.F32, random);
    teacherBias = random(1, CLASSES, DType.F32, random);
    labels = random.longs(rows, 0, CLASSES).toArray();
    hiddenGradient = zeros(rows, FEATURES, dtype);
    weightGradient = zeros(CLASSES, FEATURES, dtype);
    biasGradient = zeros(1, CLASSES, dtype);
    soft = new float[rows];
    hard = new float[rows];
  }

  static HeadBatch of(int rows, DType dtype, long seed) {
    return new HeadBatch(rows, dtype, seed);
  }

  LossInputs inputs() {
    return LossInputs.hidden(hidden, LinearHead.of(weight).withBias(bias))
        .withTeacher(Teacher.hidden(teacherHidden, LinearHead.of(teacherWeight).withBias(teacherBias)))
        .withLabels(RowVector.labels(labels));
  }

  LossOutputs outputs() {
    return LossOutputs.gradient(hiddenGradient).withWeightGradient(weightGradient).withBiasGradient(biasGradient)
        .withRowSoft(RowVector.losses(soft)).withRowHard(RowVector.losses(hard));
  }

  static HostMatrix zeros(int rows, int columns, DType dtype) {
    return HostMatrix.of(Arena.ofAuto().allocate((long) rows * columns * dtype.bytes(), 64), rows, columns, dtype);
  }

  static double get(HostMatrix matrix, long row, int column) {
    long at = row * matrix.rowStride() + column;
    return matrix.dtype() == DType.F32 ? matrix.segment().getAtIndex(ValueLayout.JAVA_FLOAT, at)
        : matrix.dtype().widen(matrix.segment().getAtIndex(ValueLayout.JAVA_SHORT, at));
  }

  static void set(HostMatrix matrix, long row, int column, double value) {
    long at = row * matrix.rowStride() + column;
    if (matrix.dtype() == DType.F32) {
      matrix.segment().setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) value);
    } else {
      matrix.segment().setAtIndex(ValueLayout.JAVA_SHORT, at, matrix.dtype().narrow((float) value));
    }
  }

  private static HostMatrix random(int rows, int columns, DType dtype, SplittableRandom random) {
    HostMatrix matrix = zeros(rows, columns, dtype);
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        set(matrix, row, column, random.nextGaussian());
      }
    }
    return matrix;
  }
}
