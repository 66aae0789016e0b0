package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossTotals;
import dev.temper.PreparedLoss;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;

/**
 * The outputs of a benchmark case under one plan: its totals and some rows of its gradient.
 *
 * @param totals totals of the batch
 * @param gradient the {@link GradientRows}
 */
record PlanOutputs(LossTotals totals, List<double[]> gradient) {

  /** Computes the outputs; the gradient's memory is filled with other values first. */
  static PlanOutputs of(LossEngine engine, BenchmarkCase benchmarkCase, BatchMemory memory, LogitBatch batch) {
    GradientRows rows = GradientRows.of(batch.student().rows());
    memory.copy(batch.student(), batch.gradient());
    LossInputs inputs = batch.inputs().withGradientScale(rows.scale());
    try (PreparedLoss loss = benchmarkCase.prepare(engine, inputs, batch.outputs())) {
      loss.launch();
      LossTotals totals = loss.totals();
      return new PlanOutputs(totals, rows.indices().stream().map(row -> row(memory, batch, row)).toList());
    }
  }

  private static double[] row(BatchMemory memory, LogitBatch batch, long row) {
    DType dtype = batch.gradient().dtype();
    double[] values = new double[batch.gradient().classes()];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate((long) values.length * dtype.bytes(), Long.BYTES);
      memory.read(batch.gradient(), row, bytes);
      for (int i = 0; i < values.length; i++) {
        values[i] = GeneratedLogits.read(bytes, dtype, i);
      }
    }
    return values;
  }

  /**
   * The first difference that neither another order of summation nor rounding explains; empty if there is none.
   */
  String differenceFrom(PlanOutputs other, DType dtype) {
    double bound = bound(dtype);
    double total = Math.abs(totals.total() - other.totals.total()) / Math.abs(other.totals.total());
    boolean sameRows = totals.countedRows() == other.totals.countedRows() && totals.nonFiniteRows() == 0;
    if (!(total <= bound(DType.F32)) || !sameRows) {
      return "its totals are " + totals + ", the chosen plan's " + other.totals;
    }
    for (int row = 0; row < gradient.size(); row++) {
      double distance = distance(gradient.get(row), other.gradient.get(row));
      if (!(distance <= bound)) {
        return String.format(Locale.ROOT,
            "row %d of %d compared of its gradient is %.2g of its length away from the chosen plan's,"
                + " expected %.2g at most", row, gradient.size(), distance, bound);
      }
    }
    return "";
  }

  /**
   * Largest relative distance of two correct results. Each is rounded by half a unit at most, so that they differ by
   * one; F32 sums of many terms differ by more.
   */
  private static double bound(DType dtype) {
    return switch (dtype) {
      case BF16 -> 0x1p-8;
      case F16 -> 0x1p-11;
      case F32 -> 0x1p-17;
      case I32, I64 -> throw new IllegalArgumentException("a gradient of dtype " + dtype);
    };
  }

  private static double distance(double[] a, double[] b) {
    double square = 0;
    double length = 0;
    for (int i = 0; i < a.length; i++) {
      square += (a[i] - b[i]) * (a[i] - b[i]);
      length += b[i] * b[i];
    }
    return Math.sqrt(square / length);
  }
}
