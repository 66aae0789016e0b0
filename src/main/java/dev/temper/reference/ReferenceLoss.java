package dev.temper.reference;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.IgnoreScope;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.MatrixView;
import dev.temper.Reduction;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.spi.Divisors;
import dev.temper.spi.HostRows;
import dev.temper.spi.RowChecks;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Computes the totals of a batch in f64. A callback receives the rows, so that no copy of the logits is made. */
public final class ReferenceLoss {

  private final DistillationLoss loss;
  private final LossInputs inputs;
  private final LossOutputs outputs;
  private final HostMatrix student;
  private final int classes;
  private final double[] z;
  private final double[] gradient;
  private final ReferenceRow reference;
  private final Divisors divisors;
  private final TeacherRows teacher;
  private double soft;
  private double hard;
  private double temperatureGradient;
  private long nonFinite;

  private ReferenceLoss(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, int classes, long labelled) {
    this.loss = loss;
    this.inputs = inputs;
    this.outputs = outputs;
    student = host("student", inputs.student());
    this.classes = classes;
    z = new double[classes];
    gradient = new double[student.classes()];
    reference = new ReferenceRow(loss, classes);
    divisors = Divisors.of(loss, inputs, labelled);
    teacher = new TeacherRows(loss, loss.softWeight() > 0 ? inputs.teacher() : null, classes);
  }

  /**
   * Computes a batch and passes its rows to the consumer in order. Every label, row weight, row temperature and
   * denominator is checked before the first row.
   *
   * <p>A row is read to its end before the consumer receives it. The consumer may therefore overwrite the student's row
   * with the gradient.
   *
   * @param inputs views of host memory whose shapes fit the loss
   * @param outputs decide whether the totals hold the temperature gradient; their memory is not used
   * @throws IllegalArgumentException if a label, row weight, row temperature or denominator is invalid, if teacher or
   *     labels are missing although their weight is above 0, or if a view is of device memory
   */
  public static LossTotals compute(DistillationLoss loss, LossInputs inputs, LossOutputs outputs,
      RowConsumer consumer) {
    boolean needsLabels = loss.hardWeight() > 0
        || (loss.softWeight() > 0 && loss.divergence() instanceof Divergence.Dkd);
    if (needsLabels && inputs.labels() == null) {
      throw new IllegalArgumentException("labels are missing, but " + loss + " needs them");
    }
    int classes = loss.numClasses().orElse(inputs.student().classes());
    long labelled = RowChecks.check(loss, inputs, classes);
    return new ReferenceLoss(loss, inputs, outputs, classes, labelled).compute(consumer, labelled);
  }

  private LossTotals compute(RowConsumer consumer, long labelled) {
    for (long row = 0; row < student.rows(); row++) {
      Arrays.fill(gradient, 0);
      int label = label(row);
      double weight = value(inputs.rowWeights(), row, 1);
      boolean isIgnored = label == ReferenceRow.NO_LABEL && inputs.labels() != null
          && (loss.ignoreScope() == IgnoreScope.BOTH || loss.softWeight() == 0);
      if (isIgnored || weight == 0) { // A row of weight 0 adds nothing, even if its loss is NaN.
        consumer.row(row, _ -> 0, gradient);
      } else {
        compute(row, label, weight);
        consumer.row(row, this::value, gradient);
      }
    }
    teacher.requireValid();
    double softTotal = reduced(loss.softWeight(), soft, divisors.softScale());
    double hardTotal = reduced(loss.hardWeight(), hard, divisors.hardScale());
    long counted = loss.ignoreScope() == IgnoreScope.HARD ? student.rows() : labelled;
    LossTotals totals = LossTotals.of(softTotal + hardTotal, softTotal, hardTotal, student.rows(), counted, nonFinite)
        .withHardCountedRows(labelled);
    return outputs.temperatureGradient() ? totals.withTemperatureGradient(temperatureGradient) : totals;
  }

  private void compute(long row, int label, double weight) {
    Elements.read(student, row, classes, z);
    teacher.compute(row, z, label, value(inputs.rowTemperatures(), row, loss.temperature()), reference);
    soft += weight * reference.soft();
    hard += weight * reference.hard();
    nonFinite += Double.isFinite(reference.loss()) ? 0 : 1;
    if (outputs.temperatureGradient()) {
      temperatureGradient += weight * loss.softWeight() * divisors.softScale() * reference.temperatureGradient();
    }
    double factor = weight * inputs.gradientScale();
    for (int i = 0; i < classes; i++) {
      gradient[i] = reference.gradient(i, factor * divisors.softScale(), factor * divisors.hardScale());
    }
  }

  private double value(RowOutput output) {
    return output == RowOutput.UNMAPPED_MASS ? teacher.unmappedMass() : reference.value(output);
  }

  /** Returns the label of a row, or {@link ReferenceRow#NO_LABEL} if the row is ignored or the call has no labels. */
  private int label(long row) {
    if (!(inputs.labels() instanceof RowVector.Host labels)) {
      return ReferenceRow.NO_LABEL;
    }
    long label = HostRows.label(labels, row);
    return label == loss.ignoreIndex() ? ReferenceRow.NO_LABEL : (int) label;
  }

  private double reduced(double weight, double sum, double scale) {
    if (loss.reduction() == Reduction.NONE) {
      return Double.NaN;
    }
    return weight > 0 && scale > 0 ? weight * sum * scale : 0;
  }

  private static double value(@Nullable RowVector vector, long row, double otherwise) {
    return vector instanceof RowVector.Host host ? HostRows.value(host, row) : otherwise;
  }

  static HostMatrix host(String name, @Nullable MatrixView matrix) {
    if (matrix instanceof HostMatrix host) {
      return host;
    }
    throw new IllegalArgumentException(name + " is " + matrix + ", expected a view of host memory");
  }
}
