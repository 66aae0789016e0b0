package dev.temper.reference;

import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossInputs;
import dev.temper.LossTotals;
import dev.temper.MatrixView;
import dev.temper.Reduction;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.spi.HostRows;
import dev.temper.spi.RowChecks;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Computes the totals of a batch in f64. A callback receives the rows, so that no copy of the logits is made. */
public final class ReferenceLoss {

  private ReferenceLoss() {}

  /**
   * Computes a batch and passes its rows to the consumer in order. Every label, row weight and row temperature is
   * checked before the first row.
   *
   * <p>A row is read to its end before the consumer receives it. The consumer may therefore overwrite the student's row
   * with the gradient.
   *
   * @param inputs views of host memory whose shapes fit the loss
   * @throws IllegalArgumentException if a label, row weight or row temperature is invalid, if teacher or labels are
   *     missing although their weight is above 0, or if a view is of device memory
   */
  public static LossTotals compute(DistillationLoss loss, LossInputs inputs, RowConsumer consumer) {
    if (loss.hardWeight() > 0 && inputs.labels() == null) {
      throw new IllegalArgumentException("labels are missing, but hardWeight is " + loss.hardWeight());
    }
    HostMatrix student = host("student", inputs.student());
    int classes = loss.numClasses().orElse(student.classes());
    long counted = RowChecks.check(loss, inputs, classes);
    double scale = scale(loss, inputs, counted);

    ReferenceRow reference = new ReferenceRow(loss, classes);
    double[] z = new double[classes];
    double[] u = new double[classes];
    double[] gradient = new double[student.classes()];
    double soft = 0;
    double hard = 0;
    long nonFinite = 0;
    for (long row = 0; row < student.rows(); row++) {
      Arrays.fill(gradient, 0);
      long label = inputs.labels() instanceof RowVector.Host labels ? HostRows.label(labels, row) : 0;
      if (inputs.labels() != null && label == loss.ignoreIndex()) {
        consumer.row(row, 0, 0, gradient);
        continue;
      }
      Elements.read(student, row, classes, z);
      if (loss.softWeight() > 0) {
        Elements.read(host("teacher", logits(inputs.teacher())), row, classes, u);
      }
      reference.compute(z, u, (int) label, value(inputs.rowTemperatures(), row, loss.temperature()));
      double weight = value(inputs.rowWeights(), row, 1);
      if (weight > 0) { // A row of weight 0 adds nothing, even if its loss is NaN.
        soft += weight * reference.soft();
        hard += weight * reference.hard();
        nonFinite += Double.isFinite(reference.loss()) ? 0 : 1;
        for (int i = 0; i < classes; i++) {
          gradient[i] = reference.gradient(i) * weight * scale * inputs.gradientScale();
        }
      }
      consumer.row(row, reference.soft(), reference.hard(), gradient);
    }
    double softTotal = reduced(loss, loss.softWeight(), soft, scale);
    double hardTotal = reduced(loss, loss.hardWeight(), hard, scale);
    return LossTotals.of(softTotal + hardTotal, softTotal, hardTotal, student.rows(), counted, nonFinite);
  }

  /** Returns the factor of a sum over rows. The factor is 0 instead of 1/0 if no row is counted. */
  private static double scale(DistillationLoss loss, LossInputs inputs, long counted) {
    double divisor = inputs.denominator().orElse(switch (loss.reduction()) {
      case NONE, SUM -> 1;
      case MEAN -> counted;
      case BATCH_MEAN -> inputs.student().rows();
    });
    return counted == 0 ? 0 : 1 / divisor;
  }

  private static double reduced(DistillationLoss loss, double weight, double sum, double scale) {
    if (loss.reduction() == Reduction.NONE) {
      return Double.NaN;
    }
    return weight > 0 ? weight * sum * scale : 0;
  }

  private static double value(@Nullable RowVector vector, long row, double otherwise) {
    return vector instanceof RowVector.Host host ? HostRows.value(host, row) : otherwise;
  }

  private static @Nullable MatrixView logits(@Nullable Teacher teacher) {
    return switch (teacher) {
      case null -> null;
      case Teacher.Logits logits -> logits.matrix();
    };
  }

  static HostMatrix host(String name, @Nullable MatrixView matrix) {
    if (matrix instanceof HostMatrix host) {
      return host;
    }
    throw new IllegalArgumentException(name + " is " + matrix + ", expected a view of host memory");
  }
}
