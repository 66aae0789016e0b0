package dev.temper.benchmarks;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.LinearHead;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Hidden states of a student and a teacher of equal width, their weights, labels, and memory for both gradients. */
final class HeadTensors {

  private static final long ALIGNMENT = 64;

  private final Arena arena;
  private final DType dtype;
  final int rows;
  final int features;
  final int classes;
  final HostMatrix hidden;
  final HostMatrix weight;
  final HostMatrix teacherHidden;
  final HostMatrix teacherWeight;
  final RowVector.Host labels;
  final HostMatrix hiddenGradient;
  final HostMatrix weightGradient;

  /**
   * Creates tensors with random values.
   *
   * @param head rows, features and classes, such as {@code 512x768x32000}
   */
  HeadTensors(Arena arena, String head, DType dtype) {
    this.arena = arena;
    this.dtype = dtype;
    int[] sizes = Arrays.stream(head.split("x", -1)).mapToInt(Integer::parseInt).toArray();
    rows = sizes[0];
    features = sizes[1];
    classes = sizes[2];
    SplittableRandom random = new SplittableRandom(1);
    hidden = random(rows, 1, random);
    weight = random(classes, 3 / Math.sqrt(features), random);
    teacherHidden = random(rows, 1, random);
    teacherWeight = random(classes, 3 / Math.sqrt(features), random);
    MemorySegment classOfRow = arena.allocateFrom(ValueLayout.JAVA_LONG, random.longs(rows, 0, classes).toArray());
    labels = (RowVector.Host) RowVector.labels(classOfRow, rows, DType.I64);
    hiddenGradient = matrix(rows, features, dtype);
    weightGradient = matrix(classes, features, dtype);
  }

  LossInputs inputs() {
    return LossInputs.hidden(hidden, LinearHead.of(weight))
        .withTeacher(Teacher.hidden(teacherHidden, LinearHead.of(teacherWeight))).withLabels(labels);
  }

  LossOutputs outputs() {
    return LossOutputs.gradient(hiddenGradient).withWeightGradient(weightGradient);
  }

  HostMatrix matrix(int count, int columns, DType type) {
    return HostMatrix.of(arena.allocate((long) count * columns * type.bytes(), ALIGNMENT), count, columns, type);
  }

  private HostMatrix random(int count, double deviation, SplittableRandom random) {
    HostMatrix matrix = matrix(count, features, dtype);
    for (long i = 0; i < (long) count * features; i++) {
      float value = (float) (deviation * random.nextGaussian());
      if (dtype == DType.F32) {
        matrix.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
      } else {
        matrix.segment().setAtIndex(ValueLayout.JAVA_SHORT, i, dtype.narrow(value));
      }
    }
    return matrix;
  }
}
