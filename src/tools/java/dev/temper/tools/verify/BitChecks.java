package dev.temper.tools.verify;

import dev.temper.LossEngine;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Checks that two results have the same bits. */
final class BitChecks {

  /**
   * Rows whose index is a multiple of 8 have the alignment of row 0 in every dtype, because a vector has 16 bytes and
   * an element at least 2.
   */
  private static final int ALIGNED_ROWS = 8;

  private BitChecks() {}

  static void rerun(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    Observed first = OracleCheck.observe(engine, c, data, comparison);
    for (int run = 0; run < 3; run++) {
      same(first, OracleCheck.observe(engine, c, data, comparison), comparison);
    }
  }

  static void inPlace(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    Observed apart = OracleCheck.observe(engine, c.with(c.options().withInPlace(false)), data, comparison);
    Observed inPlace = OracleCheck.observe(engine, c.with(c.options().withInPlace(true)), data, comparison);
    same(apart, inPlace, comparison);
  }

  static void alone(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    Observed batch = OracleCheck.observe(engine, c, data, comparison);
    int columns = c.layout().studentColumns();
    for (int row = 0; row < c.layout().rows(); row += ALIGNED_ROWS) {
      Case single = c.with(c.layout().rows(1));
      Observed alone = OracleCheck.observe(engine, single, rows(c, data, row, row + 1), comparison);
      compare("gradient of row " + row, part(alone.output(), 0, columns), part(batch.output(), row * columns, columns),
          comparison);
      compare("row_soft of row " + row, alone.rowSoft(), part(batch.rowSoft(), row, 1), comparison);
      compare("row_hard of row " + row, alone.rowHard(), part(batch.rowHard(), row, 1), comparison);
    }
  }

  static void zero(LossEngine engine, Case c, CaseData data, Comparison comparison) {
    Observed observed = OracleCheck.observe(engine, c, data, comparison);
    double[] zeros = new double[data.student().length];
    if (observed.totals() != null) {
      comparison.within("soft", observed.totals().soft(), 0, 0);
    }
    if (observed.rowSoft() != null) {
      comparison.same("row_soft", magnitude(observed.rowSoft()), new double[c.layout().rows()], 1);
    }
    if (observed.output() != null) {
      comparison.same("gradient", magnitude(observed.output()), zeros, c.layout().studentColumns());
    }
  }

  /** The numbers of rows {@code from} to {@code to}. */
  static CaseData rows(Case c, CaseData data, int from, int to) {
    int student = c.layout().studentColumns();
    int teacher = c.layout().teacherColumns();
    return new CaseData(Arrays.copyOfRange(data.student(), from * student, to * student),
        Arrays.copyOfRange(data.teacher(), from * teacher, to * teacher), part(data.labels(), from, to - from),
        part(data.weights(), from, to - from), part(data.temperatures(), from, to - from));
  }

  static double @Nullable [] part(double @Nullable [] values, int from, int count) {
    return values == null ? null : Arrays.copyOfRange(values, from, from + count);
  }

  static void same(Observed first, Observed second, Comparison comparison) {
    compare("gradient", second.output(), first.output(), comparison);
    compare("row_soft", second.rowSoft(), first.rowSoft(), comparison);
    compare("row_hard", second.rowHard(), first.rowHard(), comparison);
    if (first.totals() != null && second.totals() != null) {
      comparison.same("total", second.totals().total(), first.totals().total());
      comparison.same("soft", second.totals().soft(), first.totals().soft());
      comparison.same("hard", second.totals().hard(), first.totals().hard());
    }
  }

  private static void compare(String what, double @Nullable [] found, double @Nullable [] expected,
      Comparison comparison) {
    if (found != null && expected != null) {
      comparison.same(what, found, expected, 1);
    }
  }

  /** Returns the absolute values, so that -0 counts as zero. */
  private static double[] magnitude(double[] values) {
    return Arrays.stream(values).map(Math::abs).toArray();
  }
}
