package dev.temper.emulator;

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
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** A batch of f32 logits with labels, which any engine can compute. */
final class DeviceBatch {

  public static final DistillationLoss LOSS = DistillationLoss.hinton(2, 0.7);

  final int rows;
  final int classes;
  final float[] student;
  final float[] teacher;
  public final int[] labels;

  DeviceBatch(int rows, int classes, long seed) {
    this.rows = rows;
    this.classes = classes;
    Random random = new Random(seed);
    student = normal(random);
    teacher = normal(random);
    labels = random.ints(rows, 0, classes).toArray();
  }

  private float[] normal(Random random) {
    float[] values = new float[rows * classes];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (3 * random.nextGaussian());
    }
    return values;
  }

  /** Totals and gradient of a call. */
  record Bits(LossTotals totals, MemorySegment gradient) {
    boolean same(Bits other) {
      return totals.equals(other.totals) && gradient.mismatch(other.gradient) < 0;
    }
  }

  /** The result from arrays, which the engine copies. */
  Bits onHeap(LossEngine engine) {
    float[] gradient = new float[student.length];
    LossInputs inputs = LossInputs.of(HostMatrix.of(student, rows, classes))
        .withTeacher(Teacher.logits(HostMatrix.of(teacher, rows, classes))).withLabels(RowVector.labels(labels));
    LossTotals totals = engine.forwardBackward(LOSS, inputs,
        LossOutputs.gradient(HostMatrix.of(gradient, rows, classes))).totals();
    return new Bits(totals, MemorySegment.ofArray(gradient));
  }

  /** The batch in buffers of the device, which the caller closes. */
  final class Buffers implements AutoCloseable {
    final DeviceBuffer ofStudent;
    final DeviceBuffer ofTeacher;
    final DeviceBuffer ofLabels;
    final DeviceBuffer ofGradient;

    Buffers(LossEngine engine) {
      ofStudent = filled(engine, MemorySegment.ofArray(student));
      ofTeacher = filled(engine, MemorySegment.ofArray(teacher));
      ofLabels = filled(engine, MemorySegment.ofArray(labels));
      ofGradient = engine.allocate(4L * student.length);
    }

    private static DeviceBuffer filled(LossEngine engine, MemorySegment values) {
      DeviceBuffer buffer = engine.allocate(values.byteSize());
      buffer.upload(values);
      return buffer;
    }

    public LossInputs inputs() {
      return LossInputs.of(ofStudent.matrix(rows, classes, DType.F32))
          .withTeacher(Teacher.logits(ofTeacher.matrix(rows, classes, DType.F32)))
          .withLabels(ofLabels.labels(rows, DType.I32));
    }

    public LossOutputs outputs() {
      return LossOutputs.gradient(ofGradient.matrix(rows, classes, DType.F32));
    }

    MemorySegment gradient() {
      MemorySegment values = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT, student.length);
      ofGradient.download(values);
      return values;
    }

    @Override
    public void close() {
      ofStudent.close();
      ofTeacher.close();
      ofLabels.close();
      ofGradient.close();
    }
  }

  /** The result from buffers of the device. */
  Bits onDevice(LossEngine engine) {
    try (Buffers buffers = new Buffers(engine)) {
      LossTotals totals = engine.forwardBackward(LOSS, buffers.inputs(), buffers.outputs()).totals();
      return new Bits(totals, buffers.gradient());
    }
  }
}
