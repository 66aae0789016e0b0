package dev.temper.tools.verify;

import static dev.temper.tools.verify.Precision.U;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.RowOutput;
import dev.temper.SoftValue;
import dev.temper.reference.ReferenceRow;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/** Computes the error bounds of one row's outputs and of its gradient, and holds them until the next row. */
final class RowBounds {

  /** Absolute error of a subnormal exponential: half of 2^-149. */
  private static final double TINY = 0x1p-148;

  private final DistillationLoss loss;
  private final int classes;
  private final double[] soft;
  private final double[] hard;
  private final Map<RowOutput, Double> outputs = new EnumMap<>(RowOutput.class);
  private double temperatureGradient;
  private double studentError;
  private double teacherError;

  RowBounds(DistillationLoss loss, int classes) {
    this.loss = loss;
    this.classes = classes;
    soft = new double[classes];
    hard = new double[classes];
  }

  /** Sets the absolute errors of the logits of the next rows before the loss. */
  void setInputErrors(double student, double teacher) {
    studentError = student;
    teacherError = teacher;
  }

  /** Computes the bounds of the row that the reference has computed. */
  void compute(double[] student, TeacherRow teacher, int label, double temperature, ReferenceRow reference) {
    Arrays.fill(soft, 0);
    Arrays.fill(hard, 0);
    outputs.clear();
    temperatureGradient = 0;
    double cap = loss.softcap().orElse(Double.POSITIVE_INFINITY);
    double[] z = capped(student, cap);
    double zError = studentError + TeacherBound.ofCap(cap);
    boolean hasSoft = loss.softWeight() > 0;
    if (Oracle.isValid(student)) {
      hardPart(z, label, zError, reference);
    }
    if (hasSoft) {
      softPart(z, zError, teacher, label, temperature, reference);
    } else if (Oracle.isValid(student)) {
      outputs.put(RowOutput.STUDENT_ENTROPY, SoftmaxBound.of(z, temperature, zError).entropyError());
    }
    if (loss.softcap().isPresent()) {
      chainSoftcap(student, cap, soft, i -> reference.gradient(i, 1, 0));
      chainSoftcap(student, cap, hard, i -> reference.gradient(i, 0, 1));
    }
  }

  /** Bound of a row output, before weights and reduction. */
  double output(RowOutput output) {
    return outputs.getOrDefault(output, 0.0);
  }

  double temperatureGradient() {
    return temperatureGradient;
  }

  /**
   * Bound of an element of {@code softFactor} soft parts and {@code hardFactor} hard parts, with the loss's weights.
   */
  double gradient(int i, double softFactor, double hardFactor) {
    return Math.abs(softFactor) * soft[i] + Math.abs(hardFactor) * hard[i];
  }

  private void softPart(double[] z, double zError, TeacherRow teacher, int label, double temperature,
      ReferenceRow reference) {
    double cap = teacher.isAtTemperature() ? Double.POSITIVE_INFINITY
        : loss.teacherSoftcap().orElse(Double.POSITIVE_INFINITY);
    double[] u = capped(teacher.logits(), cap);
    double uError = teacherError + teacher.error() + TeacherBound.ofCap(cap);
    if (loss.divergence() instanceof Divergence.LogitMse) {
      temperature = 1;
    }
    double teacherTemperature =
        teacher.isAtTemperature() || loss.divergence() instanceof Divergence.LogitMse ? 1
            : loss.teacherTemperature().orElse(temperature);
    if (!Oracle.isValid(z) || !Oracle.isValid(u)) {
      entropy(RowOutput.STUDENT_ENTROPY, z, temperature, zError);
      entropy(RowOutput.TEACHER_ENTROPY, u, teacherTemperature, uError);
      return;
    }
    if (loss.divergence() instanceof Divergence.LogitMse) {
      entropy(RowOutput.STUDENT_ENTROPY, z, 1, zError);
      entropy(RowOutput.TEACHER_ENTROPY, u, 1, uError);
      meanSquare(z, u, zError + uError, reference.soft());
      return;
    }
    if (!loss.standardise()) {
      divergence(SoftmaxBound.of(z, temperature, zError), SoftmaxBound.of(u, teacherTemperature, uError), label,
          temperature, reference.soft());
      return;
    }
    StandardisedBound s = StandardisedBound.of(z, zError);
    SoftmaxBound student = SoftmaxBound.of(s.logits(), temperature, s.error());
    boolean flat = teacher.isFlat();
    if (!teacher.isAtTemperature()) {
      StandardisedBound t = StandardisedBound.of(u, uError);
      u = t.logits();
      uError = t.error();
      flat = t.isFlat();
    }
    divergence(student, SoftmaxBound.of(u, teacherTemperature, uError), label, temperature, reference.soft());
    if (s.isFlat() || flat) {
      Arrays.fill(soft, 0);
      outputs.put(RowOutput.SOFT, 0.0);
      temperatureGradient = 0;
    } else {
      s.chain(plainGradient(s.logits(), u, label, temperature, teacher.isAtTemperature()), soft);
    }
  }

  private void divergence(SoftmaxBound student, SoftmaxBound teacher, int label, double temperature, double value) {
    SoftmaxPair pair = new SoftmaxPair(student, teacher);
    DivergenceBound bound = DivergenceBound.of(loss.divergence(), pair, label);
    double square = loss.temperatureScaling() ? temperature * temperature : 1;
    double entropy = loss.softValue() == SoftValue.CROSS_ENTROPY ? teacher.entropyError() : 0;
    double error = bound.value() + 2 * (student.inputError() + teacher.inputError()) + entropy + TINY;
    outputs.put(RowOutput.SOFT, square * error + 2 * U * finite(value));
    outputs.put(RowOutput.STUDENT_ENTROPY, student.entropyError());
    outputs.put(RowOutput.TEACHER_ENTROPY, teacher.entropyError());
    temperatureGradient = TemperatureBound.of(loss, temperature, pair, error + 2 * U * finite(value) / square);
    for (int i = 0; i < classes; i++) {
      soft[i] = loss.softWeight() * square / temperature * (bound.gradient(i) + TINY);
    }
  }

  private void meanSquare(double[] z, double[] u, double inputError, double value) {
    double size = 0;
    for (int i = 0; i < classes; i++) {
      double difference = finite(z[i] - u[i]);
      size += difference / classes;
      soft[i] = loss.softWeight() * (6 * U * 2 * difference + 2 * inputError) / classes;
    }
    outputs.put(RowOutput.SOFT, (6 + Math.log(classes) / Math.log(2)) * U * finite(value)
        + inputError * (2 * size + inputError));
  }

  private void hardPart(double[] z, int label, double inputError, ReferenceRow reference) {
    if (label == ReferenceRow.NO_LABEL) {
      return;
    }
    double max = Arrays.stream(z).max().orElseThrow();
    SoftmaxBound softmax = SoftmaxBound.of(z, 1, inputError);
    CrossEntropyBound bound = new CrossEntropyBound(softmax, max, label, loss.labelSmoothing(), loss.zLoss());
    outputs.put(RowOutput.LABEL_LOG_PROB, bound.logProbability());
    if (loss.hardWeight() > 0) {
      outputs.put(RowOutput.HARD, bound.value() + 2 * U * finite(reference.hard()));
      for (int i = 0; i < classes; i++) {
        hard[i] = loss.hardWeight() * (bound.gradient(i) + TINY);
      }
    }
  }

  private void entropy(RowOutput output, double[] logits, double temperature, double inputError) {
    if (Oracle.isValid(logits)) {
      outputs.put(output, SoftmaxBound.of(logits, temperature, inputError).entropyError());
    }
  }

  /** The soft gradient for logits that are standardised already. */
  private double[] plainGradient(double[] z, double[] u, int label, double temperature, boolean atTemperature) {
    DistillationLoss.Builder plain = DistillationLoss.builder().divergence(loss.divergence())
        .softWeight(loss.softWeight()).temperature(loss.temperature()).temperatureScaling(loss.temperatureScaling());
    loss.teacherTemperature().ifPresent(plain::teacherTemperature);
    ReferenceRow row = new ReferenceRow(plain.build(), classes);
    if (atTemperature) {
      row.computeAtTemperature(z, u, label, temperature, false);
    } else {
      row.compute(z, u, label, temperature);
    }
    double[] h = new double[classes];
    for (int i = 0; i < classes; i++) {
      h[i] = row.gradient(i);
    }
    return h;
  }

  /** One element of a part's gradient. */
  @FunctionalInterface
  private interface Elements {
    double at(int i);
  }

  /** Applies the derivative of the softcap, {@code 1 - tanh^2(z/c)}, which has an error of 4 u. */
  private static void chainSoftcap(double[] z, double cap, double[] bounds, Elements gradient) {
    for (int i = 0; i < bounds.length; i++) {
      double cosh = Math.cosh(z[i] / cap);
      double chain = 1 / (cosh * cosh); // 1 - tanh^2
      bounds[i] = chain > 0 ? bounds[i] * chain + 4 * U * finite(gradient.at(i)) / chain : 0;
    }
  }

  static double[] capped(double[] z, double cap) {
    return Double.isInfinite(cap) ? z
        : Arrays.stream(z).map(x -> x > Double.NEGATIVE_INFINITY ? cap * Math.tanh(x / cap) : x).toArray();
  }

  private static double finite(double value) {
    return Double.isFinite(value) ? Math.abs(value) : 0;
  }
}
