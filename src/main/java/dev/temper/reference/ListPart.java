package dev.temper.reference;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.SoftValue;
import dev.temper.Tail;
import java.util.Arrays;

/**
 * Computes the soft part of a row whose teacher is a list of classes {@code S}, and holds its results until the next
 * row.
 */
final class ListPart {

  private final DistillationLoss loss;
  private final Tail tail;
  private final int classes;
  private final PartGradient gradient;
  private final Softmax student;
  private final boolean[] listed;
  private double[] z = {};
  private double temperature;
  private double studentEntropy;
  private double teacherEntropy;
  private double studentMass;
  private double teacherMass;

  /** Creates the part; {@code gradient} receives the gradient of each row. */
  ListPart(DistillationLoss loss, Tail tail, int classes, PartGradient gradient) {
    this.loss = loss;
    this.tail = tail;
    this.classes = classes;
    this.gradient = gradient;
    student = new Softmax(classes);
    listed = new boolean[classes];
  }

  /** Computes a row. A row of the student without a softmax gives NaN, and a row without slots gives 0. */
  double compute(double[] logits, ListRow row, double ofRow) {
    z = logits;
    temperature = ofRow;
    gradient.fill(0);
    studentEntropy = teacherEntropy = studentMass = teacherMass = 0;
    for (double log : row.logs()) {
      teacherMass += StrictMath.exp(log);
    }
    if (!student.set(z, temperature)) {
      studentEntropy = teacherEntropy = studentMass = Double.NaN;
      gradient.fill(Double.NaN);
      return Double.NaN;
    }
    if (row.count() == 0) {
      return 0;
    }
    Arrays.fill(listed, false);
    for (int i = 0; i < row.count(); i++) {
      listed[row.ids()[i]] = true;
      studentMass += student.probability[row.ids()[i]];
    }
    double divergence = switch (tail) {
      case TRUNCATE -> onList(row, row.logs());
      case RENORMALISE_TEACHER -> onList(row, normalised(row));
      case RENORMALISE_BOTH -> onListAlone(row);
      case BUCKET -> withBucket(row);
    };
    if (Double.isNaN(divergence)) {
      studentEntropy = teacherEntropy = Double.NaN;
      gradient.fill(Double.NaN);
      return Double.NaN;
    }
    gradient.multiply(loss.temperatureScaling() ? temperature : 1 / temperature);
    double factor = loss.temperatureScaling() ? temperature * temperature : 1;
    return factor * (divergence + (loss.softValue() == SoftValue.CROSS_ENTROPY ? teacherEntropy : 0));
  }

  double studentEntropy() {
    return studentEntropy;
  }

  double teacherEntropy() {
    return teacherEntropy;
  }

  double studentMass() {
    return studentMass;
  }

  double teacherMass() {
    return teacherMass;
  }

  /** Computes {@code sum over S of p log(p/q)}, with the gradient {@code P q} less {@code p} on {@code S}. */
  private double onList(ListRow row, double[] logP) {
    double value = 0;
    double mass = 0;
    for (int i = 0; i < row.count(); i++) {
      int id = row.ids()[i];
      double p = StrictMath.exp(logP[i]);
      value += BucketDivergence.weighted(logP[i], logQ(id));
      mass += p;
      teacherEntropy -= p == 0 ? 0 : p * logP[i];
      gradient.value[id] -= p;
    }
    for (int c = 0; c < classes; c++) {
      gradient.value[c] += mass * student.probability[c];
    }
    studentEntropy = student.entropy(z, temperature);
    return value;
  }

  /** Returns {@code log(p/P)} at the temperature of the teacher; NaN if every value is -inf. */
  private double[] normalised(ListRow row) {
    Softmax teacher = new Softmax(row.count());
    teacher.set(row.logs(), teacherTemperature(row));
    double[] logP = new double[row.count()];
    for (int i = 0; i < logP.length; i++) {
      logP[i] = (row.logs()[i] - teacher.max) / teacherTemperature(row) - teacher.logSum;
    }
    return logP;
  }

  private double onListAlone(ListRow row) {
    double[] own = new double[row.count()];
    for (int i = 0; i < own.length; i++) {
      own[i] = z[row.ids()[i]];
    }
    Distributions both = new Distributions(own.length);
    if (!both.set(own, temperature, row.logs(), teacherTemperature(row))) {
      return Double.NaN;
    }
    PartGradient onList = new PartGradient(own.length);
    double value = switch (loss.divergence()) {
      case Divergence.ForwardKl _ -> KullbackLeibler.forward(both, onList.value);
      case Divergence.ReverseKl _ -> KullbackLeibler.reverse(both, onList);
      case Divergence.JensenShannon(double beta) -> MixtureDivergences.jensenShannon(beta, both, onList.value);
      default -> throw new IllegalArgumentException(loss.divergence().label() + " is not known for lists");
    };
    scatter(row, onList);
    teacherEntropy = both.teacherEntropy();
    Softmax softmax = new Softmax(own.length);
    softmax.set(own, temperature);
    studentEntropy = softmax.entropy(own, temperature);
    return value;
  }

  private double withBucket(ListRow row) {
    int n = row.count();
    boolean hasBucket = n < classes;
    double[] logP = Arrays.copyOf(row.logs(), hasBucket ? n + 1 : n);
    double[] logQ = new double[logP.length];
    for (int i = 0; i < n; i++) {
      logQ[i] = logQ(row.ids()[i]);
    }
    if (hasBucket) {
      double left = 1 - teacherMass;
      logP[n] = !Double.isNaN(row.logTail()) ? row.logTail() : left > 0 ? StrictMath.log(left)
          : Double.NEGATIVE_INFINITY;
      logQ[n] = logMassOfRest();
    }
    PartGradient merged = new PartGradient(logP.length);
    double value = BucketDivergence.value(loss.divergence(), logP, logQ, merged);
    for (int i = 0; i < logP.length; i++) {
      teacherEntropy += entropyOf(logP[i]);
      studentEntropy += entropyOf(logQ[i]);
    }
    scatter(row, merged);
    for (int c = 0; hasBucket && c < classes; c++) {
      if (!listed[c] && z[c] != Double.NEGATIVE_INFINITY) {
        gradient.value[c] = merged.value[n] * StrictMath.exp(logQ(c) - logQ[n]);
        gradient.direction[c] = merged.direction[n];
      }
    }
    return value;
  }

  private void scatter(ListRow row, PartGradient onList) {
    for (int i = 0; i < row.count(); i++) {
      gradient.value[row.ids()[i]] = onList.value[i];
      gradient.direction[row.ids()[i]] = onList.direction[i];
    }
  }

  /** Returns the logarithm of the student's mass outside {@code S}, summed relative to the largest logit there. */
  private double logMassOfRest() {
    double max = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < classes; c++) {
      max = listed[c] ? max : Math.max(max, z[c]);
    }
    if (max == Double.NEGATIVE_INFINITY) {
      return max;
    }
    double sum = 0;
    for (int c = 0; c < classes; c++) {
      sum += listed[c] ? 0 : StrictMath.exp((z[c] - max) / temperature);
    }
    return StrictMath.log(sum) + (max - student.max) / temperature - student.logSum;
  }

  private double logQ(int c) {
    return (z[c] - student.max) / temperature - student.logSum;
  }

  /** Returns the temperature at which a softmax over the given logarithms has the distribution of the teacher. */
  private double teacherTemperature(ListRow row) {
    return Double.isNaN(row.temperature()) ? 1 : loss.teacherTemperature().orElse(temperature) / row.temperature();
  }

  private static double entropyOf(double log) {
    return log == Double.NEGATIVE_INFINITY ? 0 : -StrictMath.exp(log) * log;
  }
}
