package dev.temper.cuda;

import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.Teacher;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** A batch on the host and the same on a device. */
public final class CudaBatch implements AutoCloseable {

  static final DistillationLoss LOSS = DistillationLoss.hinton(2, 0.7);
  static final int ROWS = 5;
  static final int CLASSES = 37;
  static final int BYTES = 4 * ROWS * CLASSES;

  final float[] student = new float[ROWS * CLASSES];
  final float[] teacher = new float[ROWS * CLASSES];
  final int[] labels = new int[ROWS];
  final DeviceBuffer onDevice;
  final DeviceBuffer teacherOnDevice;
  final DeviceBuffer labelsOnDevice;
  final DeviceBuffer gradient;

  CudaBatch(LossEngine engine, long seed) {
    onDevice = engine.allocate(BYTES);
    teacherOnDevice = engine.allocate(BYTES);
    labelsOnDevice = engine.allocate(4 * ROWS);
    gradient = engine.allocate(BYTES);
    fill(seed);
  }

  /** Writes other values to the same memory. */
  void fill(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < student.length; i++) {
      student[i] = (float) (3 * random.nextGaussian());
      teacher[i] = (float) (3 * random.nextGaussian());
    }
    Arrays.setAll(labels, row -> random.nextInt(CLASSES));
    upload();
  }

  void upload() {
    onDevice.upload(MemorySegment.ofArray(student));
    teacherOnDevice.upload(MemorySegment.ofArray(teacher));
    labelsOnDevice.upload(MemorySegment.ofArray(labels));
  }

  LossInputs inputs() {
    return LossInputs.of(onDevice.matrix(ROWS, CLASSES, DType.F32))
        .withTeacher(Teacher.logits(teacherOnDevice.matrix(ROWS, CLASSES, DType.F32)))
        .withLabels(labelsOnDevice.labels(ROWS, DType.I32));
  }

  LossOutputs outputs() {
    return LossOutputs.gradient(gradient.matrix(ROWS, CLASSES, DType.F32));
  }

  /** Gradient and totals. */
  record Computed(List<Float> gradient, LossTotals totals) {}

  /** The result in the device's memory. */
  Computed result(LossTotals totals) {
    float[] values = new float[ROWS * CLASSES];
    gradient.download(MemorySegment.ofArray(values));
    return result(values, totals);
  }

  /** The result of the same batch in host memory. */
  Computed fromHost(LossEngine engine) {
    float[] values = new float[ROWS * CLASSES];
    LossInputs inputs = LossInputs.of(HostMatrix.of(student, ROWS, CLASSES))
        .withTeacher(Teacher.logits(HostMatrix.of(teacher, ROWS, CLASSES)))
        .withLabels(RowVector.labels(labels));
    LossTotals totals = engine.forwardBackward(LOSS, inputs, LossOutputs.gradient(HostMatrix.of(values, ROWS, CLASSES)))
        .totals();
    return result(values, totals);
  }

  private static Computed result(float[] gradient, LossTotals totals) {
    return new Computed(Stream.iterate(0, i -> i < gradient.length, i -> i + 1).map(i -> gradient[i]).toList(), totals);
  }

  /** Whether the device has written the gradient yet. */
  boolean isGradientWritten() {
    return !Float.isNaN(StubDriver.at(gradient.address(), BYTES).get(java.lang.foreign.ValueLayout.JAVA_FLOAT, 0));
  }

  @Override
  public void close() {
    gradient.close();
    labelsOnDevice.close();
    teacherOnDevice.close();
    onDevice.close();
  }
}
