package dev.temper.reference;

import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossArgumentException;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import dev.temper.spi.HostRows;
import dev.temper.spi.TeacherLists;
import dev.temper.spi.TeacherMass;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Reads the rows of a teacher of any kind. A row is valid until the next one is read. */
final class TeacherRows {

  private final DistillationLoss loss;
  private final @Nullable Teacher teacher;
  private final int classes;
  private final double[] u;
  private @Nullable LossArgumentException invalid;
  private double unmappedMass;

  /**
   * Creates the reader.
   *
   * @param teacher null if the loss has no soft part
   */
  TeacherRows(DistillationLoss loss, @Nullable Teacher teacher, int classes) {
    this.loss = loss;
    this.teacher = teacher;
    this.classes = classes;
    u = new double[classes];
  }

  /** Reads a row and computes it. */
  void compute(long row, double[] z, int label, double temperature, ReferenceRow into) {
    unmappedMass = 0;
    switch (teacher) {
      case null -> into.compute(z, null, label, temperature);
      case Teacher.Logits logits -> {
        Elements.read(ReferenceLoss.host("teacher", logits.matrix()), row, classes, u);
        into.compute(z, u, label, temperature);
      }
      case Teacher.RowIndex selected -> {
        long index = HostRows.label((RowVector.Host) selected.index(), row);
        Elements.read(ReferenceLoss.host("teacher", selected.logits()), index, classes, u);
        into.compute(z, u, label, temperature);
      }
      case Teacher.ClassMap mapped -> {
        readMapped(mapped, row, temperature);
        into.compute(z, u, label, temperature);
      }
      case Teacher.LogProbabilities dense -> {
        HostMatrix matrix = ReferenceLoss.host("teacher", dense.matrix());
        Elements.read(matrix, row, classes, u);
        checkMass(row, matrix, true);
        into.computeAtTemperature(z, u, label, temperature, false);
      }
      case Teacher.Probabilities dense -> {
        HostMatrix matrix = ReferenceLoss.host("teacher", dense.matrix());
        Elements.read(matrix, row, classes, u);
        Arrays.setAll(u, i -> StrictMath.log(u[i]));
        checkMass(row, matrix, false);
        into.computeAtTemperature(z, u, label, temperature, false);
      }
      case Teacher.Mixture mixture -> {
        boolean flat = mix(mixture, row, loss.teacherTemperature().orElse(temperature));
        into.computeAtTemperature(z, u, label, temperature, flat);
      }
      case Teacher.Hidden hidden -> throw new IllegalStateException(hidden
          + " cannot be read here; the head computes its logits first");
      case Teacher.Sampled _, TopKTeacher _ -> {
        TeacherLists lists = Objects.requireNonNull(TeacherLists.of(teacher));
        into.compute(z, ListRow.read(lists, row), lists.tail(), label, temperature);
      }
    }
  }

  /** Returns the mass of the teacher on the columns that a class map gives to no class. */
  double unmappedMass() {
    return unmappedMass;
  }

  /** Throws the error of the first row whose probabilities do not sum to 1. */
  void requireValid() {
    if (invalid != null) {
      throw invalid;
    }
  }

  private void readMapped(Teacher.ClassMap mapped, long row, double temperature) {
    HostMatrix matrix = ReferenceLoss.host("teacher", mapped.logits());
    RowVector.Host map = (RowVector.Host) mapped.map();
    double[] all = new double[matrix.classes()];
    Elements.read(matrix, row, all.length, all);
    boolean[] taken = new boolean[all.length];
    for (int i = 0; i < classes; i++) {
      int column = (int) HostRows.label(map, i);
      u[i] = column < 0 ? Double.NEGATIVE_INFINITY : all[column];
      if (column >= 0) {
        taken[column] = true;
      }
    }
    loss.teacherSoftcap().ifPresent(cap -> Softcap.apply(all, cap));
    Softmax softmax = new Softmax(all.length);
    softmax.set(all, loss.teacherTemperature().orElse(temperature));
    for (int c = 0; c < all.length; c++) {
      unmappedMass += taken[c] ? 0 : softmax.probability[c];
    }
  }

  /** Replaces a row that is not a distribution by NaN, and keeps the error of the first such row. */
  private void checkMass(long row, HostMatrix matrix, boolean logarithms) {
    LossArgumentException error = TeacherMass.error(matrix, row, row, classes, logarithms);
    if (error != null) {
      Arrays.fill(u, Double.NaN);
      invalid = invalid == null ? error : invalid;
    }
  }

  /**
   * Computes the logarithm of {@code sum w softmax(x/T)}.
   *
   * @return whether a teacher has no standard deviation although the loss standardises logits
   */
  private boolean mix(Teacher.Mixture mixture, long row, double temperature) {
    boolean flat = false;
    Softmax softmax = new Softmax(classes);
    double[] x = new double[classes];
    Arrays.fill(u, Double.NEGATIVE_INFINITY);
    for (int m = 0; m < mixture.weights().size(); m++) {
      double weight = mixture.weights().get(m);
      if (weight == 0) {
        continue;
      }
      Elements.read(ReferenceLoss.host("teacher." + m, mixture.logits().get(m)), row, classes, x);
      loss.teacherSoftcap().ifPresent(cap -> Softcap.apply(x, cap));
      boolean valid = softmax.set(x, temperature);
      if (valid && loss.standardise()) {
        flat |= !new Standardisation(classes).apply(x);
        softmax.set(x, temperature);
      }
      for (int i = 0; i < classes; i++) {
        double log = StrictMath.log(weight) + (x[i] - softmax.max) / temperature - softmax.logSum;
        u[i] = valid ? logSum(u[i], log) : Double.NaN;
      }
    }
    return flat;
  }

  /** Returns {@code log(e^a + e^b)}. */
  private static double logSum(double a, double b) {
    double high = Math.max(a, b);
    return high == Double.NEGATIVE_INFINITY ? high : high + StrictMath.log1p(StrictMath.exp(Math.min(a, b) - high));
  }
}
