package dev.temper.tools.cli;

import dev.temper.DType;
import dev.temper.LossEngine;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.io.Tensor;
import dev.temper.tools.bench.BatchMemory;
import dev.temper.tools.bench.BenchLoss;
import dev.temper.tools.bench.BenchmarkCase;
import dev.temper.tools.bench.GpuSuite;
import dev.temper.tools.bench.GradientRows;
import dev.temper.tools.bench.LogitBatch;
import dev.temper.io.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes Temper's results for the first batch of a shape and dtype: totals, row losses, and some rows of the gradient.
 * Other programs make the same batch and compare.
 *
 * @param folder folder of the files, which exists
 */
record BenchOutputs(Path folder) {

  private static final int ALIGNMENT = 64;

  /** Writes a file for each measured loss that peers compute too. */
  void write(LossEngine engine, List<BenchmarkCase> cases, BatchMemory memory, LogitBatch batch) throws IOException {
    for (BenchLoss loss : GpuSuite.compared()) {
      boolean wanted = cases.stream().anyMatch(
          one -> one.passes() == BenchmarkCase.Passes.FORWARD_BACKWARD && one.loss().equals(loss));
      if (wanted) {
        write(engine, loss, memory, batch);
      }
    }
  }

  private void write(LossEngine engine, BenchLoss loss, BatchMemory memory, LogitBatch batch) throws IOException {
    long rows = batch.student().rows();
    int classes = batch.student().classes();
    DType dtype = batch.student().dtype();
    try (Arena arena = Arena.ofShared()) {
      MemorySegment soft = arena.allocate(rows * Float.BYTES, ALIGNMENT);
      MemorySegment hard = arena.allocate(rows * Float.BYTES, ALIGNMENT);
      LossOutputs outputs = batch.outputs().withRowSoft(RowVector.losses(soft, rows, DType.F32))
          .withRowHard(RowVector.losses(hard, rows, DType.F32));
      GradientRows sample = GradientRows.of(rows);
      LossTotals totals = engine.forwardBackward(loss.loss(), batch.inputs().withGradientScale(sample.scale()), outputs)
          .totals();

      int count = sample.indices().size();
      long rowBytes = (long) classes * dtype.bytes();
      MemorySegment gradient = arena.allocate(count * rowBytes, ALIGNMENT);
      MemorySegment places = arena.allocate((long) count * Long.BYTES, ALIGNMENT);
      for (int i = 0; i < count; i++) {
        places.setAtIndex(ValueLayout.JAVA_LONG, i, sample.indices().get(i));
        memory.read(batch.gradient(), sample.indices().get(i), gradient.asSlice(i * rowBytes, rowBytes));
      }
      MemorySegment sums = arena.allocateFrom(ValueLayout.JAVA_FLOAT, (float) totals.total(), (float) totals.soft(),
          (float) totals.hard());
      String name = rows + "x" + classes + "-" + dtype + "-" + loss.label().replace(':', '-') + ".safetensors";
      SafetensorsWriter.write(folder.resolve(name), List.of(
          new Tensor("totals", DType.F32, List.of(3L), sums),
          new Tensor("row_soft", DType.F32, List.of(rows), soft),
          new Tensor("row_hard", DType.F32, List.of(rows), hard),
          new Tensor("gradient", dtype, List.of((long) count, (long) classes), gradient),
          new Tensor("gradient_rows", DType.I64, List.of((long) count), places),
          new Tensor("gradient_scale", DType.F32, List.of(1L),
              arena.allocateFrom(ValueLayout.JAVA_FLOAT, (float) sample.scale()))));
    }
  }
}
