package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.IdMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.Reduction;
import dev.temper.RowVector;
import dev.temper.Tail;
import dev.temper.Teacher;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Compares teachers that are given by lists with the f64 reference: each meaning of the tail with each divergence, and
 * a cross-entropy beside them.
 */
final class ListChecks {

  private static final double T = 2;
  private static final int ROWS = 3;
  private static final int PADDING = 3;
  private static final double HARD_WEIGHT = 0.5;
  /** The label of every row. The list of row 2 does not hold it. */
  private static final int LABEL = 0;

  private static final List<Divergence> DIVERGENCES =
      List.of(Divergence.forwardKl(), Divergence.reverseKl(), Divergence.jensenShannon(0.3));

  private record Size(Level level, DType dtype, int classes, int k) {}

  /**
   * The second size lists all classes in row 0. The CPU engine orders the lists of long rows by blocks of classes: the
   * third size has few blocks, and the last one many. The emulator compiles kernels for each size, so that only two are
   * quick.
   */
  private static final List<Size> SIZES = List.of(new Size(Level.QUICK, DType.BF16, 300, 64),
      new Size(Level.QUICK, DType.F32, 24, 24), new Size(Level.DEFAULT, DType.F32, 2_500, 64),
      new Size(Level.DEFAULT, DType.F16, 6_000, 256));

  private ListChecks() {}

  /**
   * One comparison.
   *
   * @param engine the engine
   * @param seed seed of the numbers
   */
  record ListCheck(LossEngine engine, long seed, Tail tail, Divergence divergence, Size size) {

    String name() {
      return String.format(Locale.ROOT, "%s/%s-%s-k%d-c%d-%s", CaseGroup.TEACHER_LISTS.id(), tail.label(),
          divergence.label().replace(':', '-'), size.k, size.classes, size.dtype.name().toLowerCase(Locale.ROOT));
    }

    int classes() {
      return size.classes;
    }

    void judge(Comparison comparison) {
      Batch batch = new Batch(size, new SplittableRandom(seed ^ name().hashCode()));
      DistillationLoss loss = DistillationLoss.builder().divergence(divergence).temperature(T).softWeight(1)
          .hardWeight(HARD_WEIGHT).reduction(Reduction.SUM).numClasses(size.classes).build();
      LossInputs inputs = batch.inputs(tail);
      float[] value = new float[ROWS];
      float[] expected = new float[ROWS];
      float[] found = batch.run(engine, loss, inputs, value);
      float[] gradient;
      try (LossEngine reference = LossEngine.open("reference")) {
        gradient = batch.run(reference, loss, inputs, expected);
      }
      int columns = size.classes + PADDING;
      for (int row = 0; row < ROWS; row++) {
        ListBound.Row content = batch.row(row);
        ListBound bound = new ListBound(tail, T, content, expected[row] / (T * T));
        CrossEntropyBound hard = new CrossEntropyBound(SoftmaxBound.of(content.z(), 1, 0),
            Arrays.stream(content.z()).max().orElseThrow(), LABEL, 0, 0);
        comparison.within("row_soft", new double[] {value[row]}, new double[] {expected[row]},
            new double[] {bound.value()}, DType.F32, 1);
        double[] bounds = new double[columns];
        double[] foundRow = new double[columns];
        double[] expectedRow = new double[columns];
        for (int c = 0; c < columns; c++) {
          bounds[c] = c < size.classes ? bound.gradient(c) + HARD_WEIGHT * hard.gradient(c)
              + Precision.U * Math.abs(gradient[row * columns + c]) : 0;
          foundRow[c] = found[row * columns + c];
          expectedRow[c] = gradient[row * columns + c];
        }
        comparison.within("gradient of row " + row, foundRow, expectedRow, bounds, DType.F32, columns);
      }
    }
  }

  /** Returns the comparisons of a level for an engine. */
  static List<ListCheck> of(LossEngine engine, long seed, Level level) {
    List<ListCheck> checks = new ArrayList<>();
    for (Tail tail : Tail.values()) {
      for (Divergence divergence : DIVERGENCES) {
        for (Size size : SIZES) {
          if (tail.allows(divergence) && level.contains(size.level)) {
            checks.add(new ListCheck(engine, seed, tail, divergence, size));
          }
        }
      }
    }
    return checks;
  }

  /**
   * Logits with padding of NaN. The lists of the first two rows hold the first and the last class, that of row 2 only
   * the last one. Row 1 has unused slots.
   */
  private static final class Batch {
    private final Size size;
    private final double[] student;
    private final int[] ids;
    private final double[] logs;

    Batch(Size size, SplittableRandom random) {
      this.size = size;
      int columns = size.classes + PADDING;
      student = new double[ROWS * columns];
      ids = new int[ROWS * size.k];
      logs = new double[ROWS * size.k];
      for (int row = 0; row < ROWS; row++) {
        double[] p = new double[size.classes];
        double sum = 0;
        for (int c = 0; c < columns; c++) {
          student[row * columns + c] = c < size.classes ? rounded(3 * random.nextGaussian()) : Double.NaN;
        }
        for (int c = 0; c < size.classes; c++) {
          p[c] = Math.exp(2 * random.nextGaussian());
          sum += p[c];
        }
        for (int slot = 0; slot < size.k; slot++) {
          int id = slot * (size.classes - 1) / Math.max(1, size.k - 1);
          boolean used = row == 0 || (row == 1 ? slot % 3 != 1 : slot > 0);
          ids[row * size.k + slot] = used ? id : -1;
          logs[row * size.k + slot] = used ? rounded(Math.log(p[id] / sum)) : Double.NaN;
        }
      }
    }

    private double rounded(double value) {
      return size.dtype == DType.F32 ? (float) value : size.dtype.widen(size.dtype.narrow((float) value));
    }

    private HostMatrix matrix(double[] values, int columns) {
      if (size.dtype == DType.F32) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
          floats[i] = (float) values[i];
        }
        return HostMatrix.of(floats, ROWS, columns);
      }
      short[] bits = new short[values.length];
      for (int i = 0; i < bits.length; i++) {
        bits[i] = size.dtype.narrow((float) values[i]);
      }
      return HostMatrix.of(bits, ROWS, columns, size.dtype);
    }

    LossInputs inputs(Tail tail) {
      return LossInputs.of(matrix(student, size.classes + PADDING))
          .withTeacher(Teacher.topK(IdMatrix.of(ids, ROWS, size.k), matrix(logs, size.k), tail))
          .withLabels(RowVector.labels(new int[] {LABEL, LABEL, LABEL}));
    }

    float[] run(LossEngine engine, DistillationLoss loss, LossInputs inputs, float[] rows) {
      int columns = size.classes + PADDING;
      float[] gradient = new float[ROWS * columns];
      engine.forwardBackward(loss, inputs, LossOutputs.gradient(
          HostMatrix.of(MemorySegment.ofArray(gradient), ROWS, columns, DType.F32))
          .withRowSoft(RowVector.losses(rows))).totals();
      return gradient;
    }

    ListBound.Row row(int row) {
      double[] z = new double[size.classes];
      double[] l = new double[size.classes];
      Arrays.fill(l, Double.NaN);
      System.arraycopy(student, row * (size.classes + PADDING), z, 0, size.classes);
      for (int slot = 0; slot < size.k; slot++) {
        int id = ids[row * size.k + slot];
        if (id >= 0) {
          l[id] = logs[row * size.k + slot];
        }
      }
      return new ListBound.Row(z, l);
    }
  }
}
