package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.Reduction;
import dev.temper.reference.ReferenceRow;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The expected results of a case: rows from the f64 reference, with reductions and error bounds. */
final class Oracle {

  /** Absolute error of a subnormal exponential: half of 2^-149. */
  private static final double TINY = 0x1p-148;

  private final Case c;
  private final CaseData data;
  private final DistillationLoss loss;
  private final int rows;
  private final int classes;
  private final boolean[] weightless;
  private final double[] rowSoft;
  private final double[] rowSoftBound;
  private final double[] rowHard;
  private final double[] rowHardBound;
  private final double[] gradient;
  private final double[] gradientBound;
  private double soft;
  private double softBound;
  private double hard;
  private double hardBound;
  private long nonFinite;

  private Oracle(Case c, CaseData data) {
    this.c = c;
    this.data = data;
    loss = c.loss();
    rows = c.layout().rows();
    classes = c.layout().classes();
    weightless = new boolean[rows];
    rowSoft = new double[rows];
    rowSoftBound = new double[rows];
    rowHard = new double[rows];
    rowHardBound = new double[rows];
    gradient = new double[rows * c.layout().studentColumns()];
    gradientBound = new double[gradient.length];
  }

  static Expected of(Case c, CaseData data) {
    return new Oracle(c, data).compute();
  }

  private Expected compute() {
    long counted = 0;
    for (int row = 0; row < rows; row++) {
      counted += isIgnored(row) ? 0 : 1;
    }
    double scale = counted == 0 ? 0 : 1 / c.options().denominator().orElse(switch (loss.reduction()) {
      case NONE, SUM -> 1;
      case MEAN -> counted;
      case BATCH_MEAN -> rows;
    });
    ReferenceRow reference = new ReferenceRow(loss, classes);
    for (int row = 0; row < rows; row++) {
      if (!isIgnored(row)) {
        row(row, reference, scale);
      }
    }
    boolean none = loss.reduction() == Reduction.NONE;
    return new Expected(none ? Double.NaN : soft, softBound, none ? Double.NaN : hard, hardBound, counted, nonFinite,
        weightless, rowSoft, rowSoftBound, rowHard, rowHardBound, gradient, gradientBound);
  }

  private void row(int row, ReferenceRow reference, double scale) {
    double[] z = row(data.student(), row, c.layout().studentColumns());
    double[] u = row(data.teacher(), row, c.layout().teacherColumns());
    int label = data.labels() == null ? 0 : (int) data.labels()[row];
    double temperature = at(data.temperatures(), row, loss.temperature());
    double weight = at(data.weights(), row, 1);
    reference.compute(z, u, label, temperature);
    weightless[row] = weight == 0;
    rowSoft[row] = reference.soft();
    rowHard[row] = reference.hard();
    double factor = weight * scale * c.options().gradientScale();
    int base = row * c.layout().studentColumns();
    if (weight > 0) {
      soft += loss.softWeight() > 0 ? weight * loss.softWeight() * reference.soft() * scale : 0;
      hard += loss.hardWeight() > 0 ? weight * loss.hardWeight() * reference.hard() * scale : 0;
      nonFinite += Double.isFinite(reference.loss()) ? 0 : 1;
      for (int i = 0; i < classes; i++) {
        gradient[base + i] = reference.gradient(i) * factor;
      }
    }
    if (isValid(z)) {
      double[] capped = loss.softcap().isPresent() ? capped(z, loss.softcap().getAsDouble()) : z;
      double inputError = loss.softcap().isPresent() ? 4 * U * loss.softcap().getAsDouble() : 0;
      boundSoft(row, capped, u, temperature, inputError, Math.abs(factor));
      boundHard(row, capped, label, inputError, Math.abs(factor));
      boundChain(row, z);
    }
    softBound += weight * loss.softWeight() * scale * (finite(rowSoftBound[row]) + 4 * U * finite(rowSoft[row]));
    hardBound += weight * loss.hardWeight() * scale * (finite(rowHardBound[row]) + 4 * U * finite(rowHard[row]));
  }

  private void boundSoft(int row, double[] z, double[] u, double temperature, double inputError, double factor) {
    if (loss.softWeight() == 0 || !isValid(u)) {
      return;
    }
    int base = row * c.layout().studentColumns();
    if (loss.divergence() instanceof Divergence.LogitMse) {
      rowSoftBound[row] = (6 + Math.log(classes) / Math.log(2)) * U * finite(rowSoft[row]) + 2 * inputError;
      for (int i = 0; i < classes; i++) {
        double size = Math.abs(finite(2 * (z[i] - u[i]) / classes));
        gradientBound[base + i] += factor * loss.softWeight() * (6 * U * size + 2 * inputError / classes);
      }
      return;
    }
    double teacherTemperature = loss.teacherTemperature().orElse(temperature);
    DivergenceBound bound = DivergenceBound.of(loss.divergence(), SoftmaxBound.of(z, temperature, inputError),
        SoftmaxBound.of(u, teacherTemperature, 0));
    double square = loss.temperatureScaling() ? temperature * temperature : 1;
    rowSoftBound[row] = square * (bound.value() + 2 * inputError / temperature + TINY) + 2 * U * finite(rowSoft[row]);
    for (int i = 0; i < classes; i++) {
      gradientBound[base + i] += factor * loss.softWeight() * square / temperature * (bound.gradient(i) + TINY);
    }
  }

  private void boundHard(int row, double[] z, int label, double inputError, double factor) {
    if (loss.hardWeight() == 0) {
      return;
    }
    int base = row * c.layout().studentColumns();
    CrossEntropyBound bound = new CrossEntropyBound(SoftmaxBound.of(z, 1, inputError), label, loss.labelSmoothing());
    rowHardBound[row] = bound.value() + 2 * inputError + 2 * U * finite(rowHard[row]);
    for (int i = 0; i < classes; i++) {
      gradientBound[base + i] += factor * loss.hardWeight() * (bound.gradient(i) + TINY);
    }
  }

  /** Applies the derivative of the softcap, {@code 1 - tanh^2(z/c)}, which has an error of 4 u. */
  private void boundChain(int row, double[] z) {
    if (loss.softcap().isPresent()) {
      int base = row * c.layout().studentColumns();
      for (int i = 0; i < classes; i++) {
        double tanh = Math.tanh(z[i] / loss.softcap().getAsDouble());
        double chain = 1 - tanh * tanh;
        double bound = gradientBound[base + i] * chain + 4 * U * Math.abs(gradient[base + i]) / chain;
        gradientBound[base + i] = chain > 0 ? bound : 0;
      }
    }
  }

  private boolean isIgnored(int row) {
    return data.labels() != null && data.labels()[row] == loss.ignoreIndex();
  }

  private double[] row(double[] matrix, int row, int columns) {
    return Arrays.copyOfRange(matrix, row * columns, row * columns + classes);
  }

  private static double[] capped(double[] z, double cap) {
    return Arrays.stream(z).map(x -> x > Double.NEGATIVE_INFINITY ? cap * Math.tanh(x / cap) : x).toArray();
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

  private static double finite(double value) {
    return Double.isFinite(value) ? Math.abs(value) : 0;
  }
}
