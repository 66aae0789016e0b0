package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.IgnoreScope;
import dev.temper.LossTotals;
import dev.temper.Reduction;
import dev.temper.RowOutput;
import dev.temper.reference.ReferenceRow;
import dev.temper.tools.verify.RowOptions.Given;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** The expected results of a case: rows from the f64 reference, with reductions and error bounds. */
final class Oracle {

  /** Rounding of product and two sums below the smallest normal number of f32. */
  private static final double SUBNORMAL = 3 * Precision.halfQuantum(DType.F32);

  private final Case c;
  private final CaseData data;
  private final DistillationLoss loss;
  private final int rows;
  private final int classes;
  private final ReferenceRow reference;
  private final RowBounds bounds;
  private final LogitErrors errors;
  private final GivenTeacher teacher;
  private final Map<RowOutput, BoundedValues> outputs = new EnumMap<>(RowOutput.class);
  private final BoundedValues gradient;
  private final BoundedSum soft = new BoundedSum();
  private final BoundedSum hard = new BoundedSum();
  private final BoundedSum temperatureGradient = new BoundedSum();
  private double softScale;
  private double hardScale;
  private long nonFinite;

  private Oracle(Case c, CaseData data, LogitErrors errors) {
    this.c = c;
    this.data = data;
    this.errors = errors;
    loss = c.loss();
    rows = c.layout().rows();
    classes = c.layout().classes();
    reference = new ReferenceRow(loss, classes);
    bounds = new RowBounds(loss, classes);
    teacher = GivenTeacher.of(c, data);
    gradient = BoundedValues.zeros(rows * c.layout().studentColumns());
    for (RowOutput output : RowOutput.values()) {
      outputs.put(output, BoundedValues.zeros(rows));
    }
  }

  static Expected of(Case c, CaseData data) {
    return of(c, data, LogitErrors.NONE);
  }

  /** Returns the expected results for logits with errors. */
  static Expected of(Case c, CaseData data, LogitErrors errors) {
    return new Oracle(c, data, errors).compute();
  }

  private Expected compute() {
    boolean hardScope = loss.ignoreScope() == IgnoreScope.HARD;
    long labelled = 0;
    for (int row = 0; row < rows; row++) {
      labelled += isIgnored(row) ? 0 : 1;
    }
    long counted = hardScope ? rows : labelled;
    softScale = scale(c.options().softDenominator(), counted);
    hardScale = scale(c.options().hardDenominator(), labelled);
    for (int row = 0; row < rows; row++) {
      boolean hasPart = !isIgnored(row) || (hardScope && loss.softWeight() > 0);
      if (hasPart && at(data.weights(), row, 1) != 0) {
        row(row);
      }
    }
    if (c.options().has(Given.ADDED)) {
      addToInitialValues();
    }
    boolean none = loss.reduction() == Reduction.NONE;
    LossTotals totals = LossTotals.of(none ? Double.NaN : soft.sum() + hard.sum(), none ? Double.NaN : soft.sum(),
        none ? Double.NaN : hard.sum(), rows, counted, nonFinite).withHardCountedRows(labelled);
    return new Expected(c.options().has(Given.TEMPERATURE_GRADIENT)
        ? totals.withTemperatureGradient(temperatureGradient.sum()) : totals, soft.bound(), hard.bound(),
        temperatureGradient.bound(), outputs, gradient);
  }

  private double scale(OptionalDouble denominator, long counted) {
    return counted == 0 ? 0 : 1 / denominator.orElse(switch (loss.reduction()) {
      case NONE, SUM -> 1;
      case MEAN -> counted;
      case BATCH_MEAN -> rows;
    });
  }

  private void row(int row) {
    double[] z = row(data.student(), row, c.layout().studentColumns());
    TeacherRow u = teacher.row(row);
    int label = data.labels() == null || isIgnored(row) ? ReferenceRow.NO_LABEL : (int) data.labels()[row];
    double temperature = at(data.temperatures(), row, loss.temperature());
    double weight = at(data.weights(), row, 1);
    u.compute(reference, z, label, temperature);
    bounds.setInputErrors(errors.student(row), errors.teacher(row));
    bounds.compute(z, u, label, temperature, reference);
    for (RowOutput output : RowOutput.values()) {
      row(output).set(row, reference.value(output), bounds.output(output));
    }
    if (c.options().teacher() == TeacherKind.CLASS_MAP) {
      double[] unmapped = teacher.unmapped(row);
      row(RowOutput.UNMAPPED_MASS).set(row, unmapped[0], unmapped[1]);
    }
    nonFinite += Double.isFinite(reference.loss()) ? 0 : 1;
    soft.add(weight * loss.softWeight() * softScale, reference.soft(), bounds.output(RowOutput.SOFT));
    hard.add(weight * loss.hardWeight() * hardScale, reference.hard(), bounds.output(RowOutput.HARD));
    temperatureGradient.add(weight * loss.softWeight() * softScale, reference.temperatureGradient(),
        bounds.temperatureGradient());
    double factor = weight * c.options().gradientScale();
    int base = row * c.layout().studentColumns();
    for (int i = 0; i < classes; i++) {
      gradient.set(base + i, reference.gradient(i, factor * softScale, factor * hardScale),
          bounds.gradient(i, factor * softScale, factor * hardScale) + SUBNORMAL);
    }
  }

  /** The sum is rounded to f32 before it is rounded to the gradient's dtype. */
  private void addToInitialValues() {
    for (int i = 0; i < gradient.values().length; i++) {
      double sum = CaseData.initialGradient(i) + gradient.values()[i];
      gradient.set(i, sum, gradient.bounds()[i] + (Double.isFinite(sum) ? U * Math.abs(sum) : 0));
    }
  }

  private BoundedValues row(RowOutput output) {
    return outputs.getOrDefault(output, BoundedValues.zeros(rows));
  }

  private boolean isIgnored(int row) {
    return data.labels() != null && data.labels()[row] == loss.ignoreIndex();
  }

  private double[] row(double[] matrix, int row, int columns) {
    return Arrays.copyOfRange(matrix, row * columns, row * columns + classes);
  }

  private static double at(double @Nullable [] values, int row, double otherwise) {
    return values == null ? otherwise : values[row];
  }

  /** Whether the row has a softmax: it holds no NaN, no +inf, and not only -inf. */
  static boolean isValid(double[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (double logit : logits) {
      max = Math.max(max, logit); // NaN if any is
    }
    return Double.isFinite(max);
  }
}
