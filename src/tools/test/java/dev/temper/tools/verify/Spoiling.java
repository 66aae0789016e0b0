package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.LossInputs;
import dev.temper.RowVector;
import dev.temper.spi.HostRows;
import dev.temper.spi.LossCall;
import dev.temper.spi.RowChecks;

/** Changes a gradient as a planted bug would have. */
final class Spoiling {

  private Spoiling() {}

  static void spoil(PlantedBug bug, LossCall call, HostMatrix gradient, double[][] student, double[][] before,
      int run) {
    int classes = call.classes();
    double[][] written = bug == PlantedBug.ROWS_SHIFTED ? rows(gradient) : new double[0][];
    for (int row = 0; row < gradient.rows(); row++) {
      switch (bug) {
        case ZEROS_WRITTEN -> fill(gradient, row, new double[classes]);
        case INPUT_COPIED -> fill(gradient, row, student[row]);
        case GRADIENT_UNWRITTEN -> fill(gradient, row, before[row]);
        case ROWS_SHIFTED -> fill(gradient, row, written[Math.max(0, row - 1)]);
        case EXPONENTIAL_10_ULP -> perturb(call, gradient, student[row], row);
        case LAST_CLASS_MISSED -> set(gradient, row, classes - 1, before[row][classes - 1]);
        case GAP_WRITTEN -> {
          if (gradient.rowStride() > gradient.classes() && row + 1 < gradient.rows()) {
            set(gradient, row, gradient.classes(), 0);
          }
        }
        default -> {
          for (int i = 0; i < classes; i++) {
            set(gradient, row, i, changed(bug, get(gradient, row, i), gradient.dtype(), run));
          }
        }
      }
    }
  }

  private static double changed(PlantedBug bug, double value, DType dtype, int run) {
    return switch (bug) {
      case NAN_SWALLOWED -> Double.isNaN(value) ? 0 : value;
      case SUBNORMALS_FLUSHED -> Math.abs(value) < (dtype == DType.F16 ? 0x1p-14 : 0x1p-126) ? 0 : value;
      case LAST_BIT_WANDERS -> run % 2 == 0 ? value * (1 + 2 * Precision.unit(dtype)) : value;
      default -> throw new IllegalArgumentException(bug + " is not a change of elements");
    };
  }

  /**
   * The exponential of class {@code row mod classes} is 10 units in its last place too large. With {@code delta}
   * relative, {@code q} moves by {@code q_k delta (1[i = k] - q_i)}.
   */
  private static void perturb(LossCall call, HostMatrix gradient, double[] z, int row) {
    DistillationLoss loss = call.loss();
    LossInputs inputs = call.inputs();
    boolean ignored = inputs.labels() instanceof RowVector.Host labels && HostRows.label(labels, row)
        == loss.ignoreIndex();
    if (gradient.dtype() != DType.F32 || ignored || !(loss.divergence() instanceof Divergence.ForwardKl)) {
      return;
    }
    double weight = inputs.rowWeights() instanceof RowVector.Host w ? HostRows.value(w, row) : 1;
    double temperature = inputs.rowTemperatures() instanceof RowVector.Host t ? HostRows.value(t, row)
        : loss.temperature();
    double divisor = inputs.denominator().orElse(switch (loss.reduction()) {
      case NONE, SUM -> 1;
      case MEAN -> RowChecks.check(call);
      case BATCH_MEAN -> gradient.rows();
    });
    double scale = weight * inputs.gradientScale() / divisor;
    double soft = loss.softWeight() * (loss.temperatureScaling() ? temperature : 1 / temperature) * scale;
    add(gradient, row, call.classes(), z, temperature, soft);
    add(gradient, row, call.classes(), z, 1, loss.hardWeight() * scale);
  }

  private static void add(HostMatrix gradient, int row, int classes, double[] z, double temperature, double factor) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < classes; i++) {
      max = Math.max(max, z[i]);
    }
    double sum = 0;
    for (int i = 0; i < classes; i++) {
      sum += Math.exp((z[i] - max) / temperature);
    }
    int k = row % classes;
    float exponential = (float) Math.exp((z[k] - max) / temperature);
    double delta = 10 * Math.ulp(exponential) / exponential;
    double share = exponential / sum;
    for (int i = 0; i < classes && share > 0; i++) {
      double q = Math.exp((z[i] - max) / temperature) / sum;
      set(gradient, row, i, get(gradient, row, i) + factor * share * delta * ((i == k ? 1 : 0) - q));
    }
  }

  static double[][] rows(HostMatrix matrix) {
    double[][] rows = new double[Math.toIntExact(matrix.rows())][matrix.classes()];
    for (int row = 0; row < rows.length; row++) {
      for (int i = 0; i < matrix.classes(); i++) {
        rows[row][i] = get(matrix, row, i);
      }
    }
    return rows;
  }

  private static void fill(HostMatrix gradient, int row, double[] values) {
    for (int i = 0; i < gradient.classes() && i < values.length; i++) {
      set(gradient, row, i, values[i]);
    }
  }

  private static double get(HostMatrix matrix, int row, int column) {
    return Precision.read(matrix.segment(), (row * matrix.rowStride() + column) * matrix.dtype().bytes(),
        matrix.dtype());
  }

  private static void set(HostMatrix matrix, int row, int column, double value) {
    Precision.write(matrix.segment(), (row * matrix.rowStride() + column) * matrix.dtype().bytes(), value,
        matrix.dtype());
  }
}
