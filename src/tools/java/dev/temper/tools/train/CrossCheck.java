package dev.temper.tools.train;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LinearHead;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Recomputes loss and gradient during training with the f64 reference and keeps the worst difference. One row in 16 is
 * recomputed. Rows do not depend on one another, so this is a fair sample at a sixteenth of the time.
 */
final class CrossCheck implements AutoCloseable {

  private static final int ROW_STEP = 16;

  private final LossEngine reference = LossEngine.open("reference");
  private Differences worst = new Differences(0, 0, 0);

  /** The worst differences so far. */
  Differences worst() {
    return worst;
  }

  /** Compares the row losses and the gradient in {@code outputs} with the reference's. */
  void check(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, long countedRows) {
    HostMatrix student = sample(inputs.student());
    HostMatrix gradient = sample(Objects.requireNonNull(outputs.gradient()));
    int rows = Math.toIntExact(student.rows());
    LinearHead head = inputs.head();
    LossInputs sampled = (head == null ? LossInputs.of(student) : LossInputs.hidden(student, head))
        .withTeacher(sample(inputs.teacher(), rows))
        .withLabels(RowVector.labels(labels(inputs, rows)))
        .withDenominator((double) countedRows);
    float[] expected = new float[rows * student.classes()];
    double expectedLoss = reference
        .forwardBackward(loss, sampled, LossOutputs.gradient(HostMatrix.of(expected, rows, student.classes())))
        .total();

    double foundLoss = 0;
    for (int row = 0; row < rows; row++) {
      foundLoss += loss.softWeight() * value(outputs.rowSoft(), row)
          + loss.hardWeight() * value(outputs.rowHard(), row);
    }
    double lossDifference = relative(Math.abs(foundLoss / countedRows - expectedLoss), expectedLoss);
    worst = worst.and(new Differences(1, lossDifference, gradientDifference(gradient, expected)));
  }

  private static double gradientDifference(HostMatrix gradient, float[] expected) {
    double largest = 0;
    double difference = 0;
    for (int row = 0; row < gradient.rows(); row++) {
      for (int i = 0; i < gradient.classes(); i++) {
        double found = gradient.segment().getAtIndex(ValueLayout.JAVA_FLOAT, row * gradient.rowStride() + i);
        double wanted = expected[row * gradient.classes() + i];
        largest = Math.max(largest, Math.abs(wanted));
        difference = Math.max(difference, Math.abs(found - wanted));
      }
    }
    return relative(difference, largest);
  }

  private static HostMatrix sample(MatrixView matrix) {
    HostMatrix all = (HostMatrix) matrix;
    long rows = (all.rows() + ROW_STEP - 1) / ROW_STEP;
    return new HostMatrix(all.segment(), rows, all.classes(), all.rowStride() * ROW_STEP, DType.F32);
  }

  private static @Nullable Teacher sample(@Nullable Teacher teacher, int rows) {
    return switch (teacher) {
      case TopKTeacher lists ->
          SelectedRows.of(lists, IntStream.range(0, rows).map(row -> row * ROW_STEP).toArray());
      case Teacher.Logits logits -> Teacher.logits(sample(logits.matrix()));
      case Teacher.Hidden hidden -> Teacher.hidden(sample(hidden.states()), hidden.head());
      case null, default -> null;
    };
  }

  private static int[] labels(LossInputs inputs, int rows) {
    MemorySegment all = ((RowVector.Host) Objects.requireNonNull(inputs.labels())).segment();
    int[] labels = new int[rows];
    for (int row = 0; row < rows; row++) {
      labels[row] = all.getAtIndex(ValueLayout.JAVA_INT, (long) row * ROW_STEP);
    }
    return labels;
  }

  private static float value(@Nullable RowVector losses, long row) {
    return ((RowVector.Host) Objects.requireNonNull(losses)).segment()
        .getAtIndex(ValueLayout.JAVA_FLOAT, row * ROW_STEP);
  }

  /** The relative difference; if no sampled row is counted, all values must be exactly 0. */
  private static double relative(double difference, double size) {
    return size == 0 ? difference : difference / size;
  }

  @Override
  public void close() {
    reference.close();
  }
}
