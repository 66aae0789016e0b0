package dev.temper;

import dev.temper.reference.Elements;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Holds a small batch of literals and runs it. Every output is initialised with a value that no loss can give. */
record Batch(
    List<float[]> student,
    @Nullable List<float[]> teacher,
    @Nullable RowVector labels,
    @Nullable RowVector weights,
    @Nullable RowVector temperatures,
    double gradientScale,
    DType studentType,
    DType gradientType) {

  /** The value of every output before a call. */
  static final float UNWRITTEN = -12345;

  static Batch student(float[]... rows) {
    return new Batch(List.of(rows), null, null, null, null, 1, DType.F32, DType.F32);
  }

  Batch teacher(float[]... rows) {
    return new Batch(student, List.of(rows), labels, weights, temperatures, gradientScale, studentType, gradientType);
  }

  Batch labels(int... values) {
    return labels(RowVector.labels(values));
  }

  Batch labels(RowVector values) {
    return new Batch(student, teacher, values, weights, temperatures, gradientScale, studentType, gradientType);
  }

  Batch weights(float... values) {
    return new Batch(student, teacher, labels, RowVector.weights(values), temperatures, gradientScale, studentType,
        gradientType);
  }

  Batch temperatures(float... values) {
    return new Batch(student, teacher, labels, weights, RowVector.temperatures(values), gradientScale, studentType,
        gradientType);
  }

  Batch gradientScale(double value) {
    return new Batch(student, teacher, labels, weights, temperatures, value, studentType, gradientType);
  }

  Batch types(DType ofStudentAndTeacher, DType ofGradient) {
    return new Batch(student, teacher, labels, weights, temperatures, gradientScale, ofStudentAndTeacher, ofGradient);
  }

  /** Returns the inputs in memory of the arena. */
  LossInputs inputs(Arena arena) {
    LossInputs inputs = LossInputs.of(matrix(arena, student, studentType)).withLabels(labels)
        .withGradientScale(gradientScale);
    inputs = teacher == null ? inputs : inputs.withTeacher(Teacher.logits(matrix(arena, teacher, studentType)));
    inputs = weights == null ? inputs : inputs.withRowWeights(weights);
    return temperatures == null ? inputs : inputs.withRowTemperatures(temperatures);
  }

  Outcome run(LossEngine engine, DistillationLoss loss) {
    try (Arena arena = Arena.ofConfined()) {
      return run(engine, loss, inputs(arena));
    }
  }

  Outcome run(LossEngine engine, DistillationLoss loss, LossInputs inputs) {
    try (Arena arena = Arena.ofConfined()) {
      MatrixView like = inputs.student();
      HostMatrix gradient = filled(arena, like.rows(), like.classes(), gradientType);
      float[] soft = filled(like.rows());
      float[] hard = filled(like.rows());
      LossOutputs outputs = LossOutputs.gradient(gradient).withRowSoft(RowVector.losses(soft))
          .withRowHard(RowVector.losses(hard));
      LossTotals totals = engine.forwardBackward(loss, inputs, outputs).totals();
      return new Outcome(totals, values(gradient), soft, hard);
    }
  }

  static HostMatrix matrix(Arena arena, List<float[]> rows, DType dtype) {
    int classes = rows.isEmpty() ? 1 : rows.getFirst().length;
    HostMatrix matrix = HostMatrix.of(arena.allocate((long) rows.size() * classes * dtype.bytes(), 64), rows.size(),
        classes, dtype);
    for (int row = 0; row < rows.size(); row++) {
      double[] values = new double[classes];
      for (int i = 0; i < classes; i++) {
        values[i] = rows.get(row)[i];
      }
      Elements.write(values, matrix, row);
    }
    return matrix;
  }

  /** Returns a matrix that is filled with {@link #UNWRITTEN}. */
  static HostMatrix filled(Arena arena, long rows, int classes, DType dtype) {
    float[] row = filled(classes);
    HostMatrix matrix = matrix(arena, Collections.nCopies((int) rows, row), dtype);
    return rows == 0 ? HostMatrix.of(matrix.segment(), 0, classes, dtype) : matrix;
  }

  static float[] filled(long length) {
    float[] values = new float[(int) length];
    Arrays.fill(values, UNWRITTEN);
    return values;
  }

  static double[][] values(HostMatrix matrix) {
    double[][] values = new double[(int) matrix.rows()][matrix.classes()];
    for (int row = 0; row < values.length; row++) {
      Elements.read(matrix, row, matrix.classes(), values[row]);
    }
    return values;
  }
}
