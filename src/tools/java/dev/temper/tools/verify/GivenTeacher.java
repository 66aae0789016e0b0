package dev.temper.tools.verify;

import dev.temper.DType;
import dev.temper.IgnoreScope;
import dev.temper.Teacher;
import dev.temper.tools.verify.RowOptions.Given;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The teacher of a case in its {@link TeacherKind}, made from the teacher's logits in {@link CaseData}. The mixture and
 * the logarithms are computed here in f64, independently of the reference.
 */
final class GivenTeacher {

  private static final DType[] MIXED_DTYPES = {DType.BF16, DType.F32, DType.F16};

  private final Case c;
  private final CaseData data;
  private final TeacherKind kind;
  private final int rows;
  private final int classes;
  private final SplittableRandom random;

  /** One matrix, or those of a mixture: [rows of the teacher, columns]. */
  private final List<double[]> matrices = new ArrayList<>();
  private final List<DType> dtypes = new ArrayList<>();
  private final double[] weights;
  private int teacherRows;
  private int columns;
  private double @Nullable [] integers;

  private GivenTeacher(Case c, CaseData data) {
    this.c = c;
    this.data = data;
    kind = c.options().teacher();
    rows = c.layout().rows();
    classes = c.layout().classes();
    random = new SplittableRandom(c.name().hashCode());
    teacherRows = rows;
    columns = c.layout().teacherColumns();
    weights = kind == TeacherKind.MIXTURE ? weights(2 + random.nextInt(7)) : new double[0];
  }

  static GivenTeacher of(Case c, CaseData data) {
    GivenTeacher given = new GivenTeacher(c, data);
    double[] logits = data.teacher().clone();
    switch (given.kind) {
      case LOGITS -> given.add(logits, c.layout().teacher());
      case LOG_PROBABILITIES, PROBABILITIES -> given.addLogarithms(logits);
      case MIXTURE -> given.addMixture(logits);
      case ROW_INDEX -> given.select(logits);
      case CLASS_MAP -> given.map(logits);
    }
    return given;
  }

  private void add(double[] matrix, DType dtype) {
    matrices.add(matrix);
    dtypes.add(dtype);
  }

  private void addLogarithms(double[] matrix) {
    for (int row = 0; row < rows; row++) {
      double[] logs = logSoftmax(range(matrix, row), temperature(isRepeated() ? 0 : row));
      for (int i = 0; i < classes; i++) {
        double value = kind == TeacherKind.PROBABILITIES ? Math.exp(logs[i]) : logs[i];
        // A row that is not read keeps its logits.
        matrix[row * columns + i] =
            isUsed(row) || isRepeated() ? Precision.round(value, c.layout().teacher()) : matrix[row * columns + i];
      }
    }
    add(matrix, c.layout().teacher());
  }

  /**
   * Adds teachers with the classes in another order. If student and teacher are equal, the teacher is mixed with
   * itself.
   */
  private void addMixture(double[] first) {
    boolean same = isNearlyEqual();
    for (int m = 0; m < weights.length; m++) {
      DType dtype = m == 0 || same ? c.layout().teacher() : MIXED_DTYPES[m % MIXED_DTYPES.length];
      double[] matrix = first.clone();
      for (int row = 0; row < rows && m > 0; row++) {
        for (int i = 0; i < classes; i++) {
          double value = weights[m] == 0 ? Double.NaN : same ? first[row * columns + i]
              : 0.75 * first[row * columns + (i + m) % classes];
          matrix[row * columns + i] = Precision.round(value, dtype);
        }
      }
      add(matrix, dtype);
    }
  }

  private double[] weights(int count) {
    double[] sized = new double[count];
    for (int m = 0; m < count; m++) {
      sized[m] = m == count - 1 && count > 2 ? 0 : 1 + random.nextInt(4);
    }
    double sum = Arrays.stream(sized).sum();
    return Arrays.stream(sized).map(weight -> weight / sum).toArray();
  }

  private void select(double[] matrix) {
    teacherRows = isNearlyEqual() || rows == 0 ? rows : rows / 2 + 1;
    double[] index = new double[rows];
    for (int row = 0; row < rows; row++) {
      index[row] = !isUsed(row) ? -1 : teacherRows == rows ? row : row * 7 % teacherRows;
    }
    integers = index;
    add(Arrays.copyOf(matrix, teacherRows * columns), c.layout().teacher());
  }

  private void map(double[] logits) {
    int narrow = columns;
    columns = classes + 3;
    double[] map = new double[classes];
    int[] order = new int[columns];
    Arrays.setAll(order, i -> i);
    for (int i = columns - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      int kept = order[i];
      order[i] = order[other];
      order[other] = kept;
    }
    for (int i = 0; i < classes; i++) {
      map[i] = i > 0 && i % 7 == 3 ? -1 : order[i];
    }
    double[] matrix = new double[rows * columns];
    Arrays.setAll(matrix, i -> Precision.round(3 * random.nextGaussian(), c.layout().teacher()));
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < classes; i++) {
        if (map[i] >= 0) {
          matrix[row * columns + (int) map[i]] = logits[row * narrow + i];
        }
      }
    }
    for (int i = columns; isRepeated() && i < matrix.length; i++) {
      matrix[i] = matrix[i - columns];
    }
    integers = map;
    add(matrix, c.layout().teacher());
  }

  /** The teacher's row for a row of the student. */
  TeacherRow row(int row) {
    return switch (kind) {
      case LOGITS -> TeacherRow.of(range(matrices.getFirst(), row));
      case ROW_INDEX -> TeacherRow.of(range(matrices.getFirst(), index(row)));
      case CLASS_MAP -> {
        double[] mapped = new double[classes];
        Arrays.setAll(mapped, i -> column(i) < 0 ? Double.NEGATIVE_INFINITY
            : matrices.getFirst()[row * columns + column(i)]);
        yield TeacherRow.of(mapped);
      }
      case LOG_PROBABILITIES -> new TeacherRow(range(matrices.getFirst(), row), 0, true, false);
      case PROBABILITIES -> {
        double[] logs = Arrays.stream(range(matrices.getFirst(), row)).map(Math::log).toArray();
        yield new TeacherRow(logs, TeacherBound.ofLogarithm(logs), true, false);
      }
      case MIXTURE -> mixture(row);
    };
  }

  /** Returns the mass on the columns that the map gives to no class, and its error bound. */
  double[] unmapped(int row) {
    boolean[] taken = new boolean[columns];
    for (int i = 0; i < classes; i++) {
      if (column(i) >= 0) {
        taken[column(i)] = true;
      }
    }
    double cap = c.loss().teacherSoftcap().orElse(Double.POSITIVE_INFINITY);
    double[] all = Arrays.copyOfRange(matrices.getFirst(), row * columns, (row + 1) * columns);
    if (!Oracle.isValid(all)) {
      return new double[] {Double.NaN, 0};
    }
    double temperature = c.loss().teacherTemperature().orElse(temperature(row));
    return TeacherBound.unmapped(RowBounds.capped(all, cap), taken, temperature,
        TeacherBound.ofCap(cap));
  }

  private TeacherRow mixture(int row) {
    double temperature = c.loss().teacherTemperature().orElse(temperature(row));
    double cap = c.loss().teacherSoftcap().orElse(Double.POSITIVE_INFINITY);
    double[] sum = new double[classes];
    Arrays.fill(sum, Double.NEGATIVE_INFINITY);
    double error = 0;
    boolean flat = false;
    for (int m = 0; m < weights.length; m++) {
      if (weights[m] == 0) {
        continue;
      }
      double[] x = range(matrices.get(m), row);
      if (!Oracle.isValid(x)) {
        Arrays.fill(sum, Double.NaN);
        return new TeacherRow(sum, 0, true, false);
      }
      x = RowBounds.capped(x, cap);
      double ofInput = TeacherBound.ofCap(cap);
      if (c.loss().standardise()) {
        StandardisedBound standardised = StandardisedBound.of(x, ofInput);
        x = standardised.logits();
        ofInput = standardised.error();
        flat |= standardised.isFlat();
      }
      double[] logs = logSoftmax(x, temperature);
      error = Math.max(error, TeacherBound.ofMixed(logs, ofInput / temperature));
      for (int i = 0; i < classes; i++) {
        sum[i] = logSum(sum[i], Math.log(weights[m]) + logs[i]);
      }
    }
    return new TeacherRow(sum, error, true, flat);
  }

  /** The tensors of the teacher in memory. */
  Teacher in(Arena arena, List<GuardedTensor> placed) {
    for (int m = 0; m < matrices.size(); m++) {
      GuardedTensor tensor = isRepeated()
          ? GuardedTensor.repeatedRow(arena, teacherRows, columns, c.layout(), dtypes.get(m))
          : GuardedTensor.matrix(arena, teacherRows, columns, c.layout(), dtypes.get(m));
      placed.add(tensor.fill(matrices.get(m)));
    }
    return switch (kind) {
      case LOGITS -> Teacher.logits(placed.getFirst().view());
      case LOG_PROBABILITIES -> Teacher.logProbabilities(placed.getFirst().view());
      case PROBABILITIES -> Teacher.probabilities(placed.getFirst().view());
      case MIXTURE -> Teacher.mixture(placed.stream().map(GuardedTensor::view).toList(), weights);
      case ROW_INDEX -> Teacher.rowIndex(placed.getFirst().view(), integers(arena, placed).rowVector());
      case CLASS_MAP -> Teacher.classMap(placed.getFirst().view(), integers(arena, placed).rowVector());
    };
  }

  private GuardedTensor integers(Arena arena, List<GuardedTensor> placed) {
    double[] values = integers == null ? new double[0] : integers;
    GuardedTensor tensor = GuardedTensor.vector(arena, values.length, c.layout(), DType.I32).fill(values);
    placed.add(tensor);
    return tensor;
  }

  private int index(int row) {
    return integers == null ? row : (int) integers[row];
  }

  private int column(int i) {
    return integers == null ? i : (int) integers[i];
  }

  private double[] range(double[] matrix, int row) {
    return Arrays.copyOfRange(matrix, row * columns, row * columns + classes);
  }

  private boolean isRepeated() {
    return c.options().has(Given.REPEATED_TEACHER);
  }

  private boolean isNearlyEqual() {
    return c.content() == Content.EQUAL || c.content() == Content.NEARLY_EQUAL;
  }

  private boolean isUsed(int row) {
    double[] labels = data.labels();
    double[] weightOfRow = data.weights();
    boolean ignored = labels != null && labels[row] == c.loss().ignoreIndex()
        && c.loss().ignoreScope() == IgnoreScope.BOTH;
    return !ignored && (weightOfRow == null || weightOfRow[row] != 0);
  }

  private double temperature(int row) {
    double[] temperatures = data.temperatures();
    return temperatures == null ? c.loss().temperature() : temperatures[row];
  }

  private static double[] logSoftmax(double[] x, double temperature) {
    double max = Arrays.stream(x).max().orElse(0);
    if (!Oracle.isValid(x)) {
      double[] invalid = x.clone();
      Arrays.fill(invalid, Double.NaN);
      return invalid;
    }
    double logSum = Math.log(Arrays.stream(x).map(each -> Math.exp((each - max) / temperature)).sum());
    return Arrays.stream(x).map(each -> (each - max) / temperature - logSum).toArray();
  }

  private static double logSum(double a, double b) {
    double high = Math.max(a, b);
    return high == Double.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high));
  }
}
