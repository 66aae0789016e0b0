package dev.temper.tools.cli;

import dev.temper.DType;
import dev.temper.LossEngine;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.io.Tensor;
import dev.temper.tools.bench.BatchMemory;
import dev.temper.tools.bench.BenchLoss;
import dev.temper.tools.bench.GpuSuite;
import dev.temper.tools.bench.LogitBatch;
import dev.temper.tools.bench.Work;
import dev.temper.tools.files.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes what Temper computes of the first batch of a shape and dtype, for other programs that make the same batch: totals, row
 * losses, and rows of the gradient from the first to the last.
 *
 * @param folder where; made if it is not there
 */
record BenchOutputs(Path folder) {

  /** Enough to see every part of a grid of blocks at work, few enough that the files stay small. */
  private static final int GRADIENT_ROWS = 4;
  private static final int ALIGNMENT = 64;
  /** Without a scale, gradients of a mean over many rows vanish in F16. */
  private static final int LARGEST_SCALE = 1024;

  /** Writes a file for each loss among the works that peers compute too. */
  void write(LossEngine engine, List<Work> works, BatchMemory memory, LogitBatch batch) throws IOException {
    for (BenchLoss loss : GpuSuite.compared()) {
      boolean wanted = works.stream().anyMatch(work -> work.pass() == Work.Pass.FORWARD_BACKWARD && work.loss().equals(loss));
      if (wanted) {
        Files.createDirectories(folder);
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
      LossOutputs outputs = batch.outputs().withRowSoft(RowVector.losses(soft, rows, DType.F32)).withRowHard(RowVector.losses(hard, rows, DType.F32));
      float scale = Math.min(rows, LARGEST_SCALE);
      LossTotals totals = engine.forwardBackward(loss.loss(), batch.inputs().withGradientScale(scale), outputs).totals();

      long count = Math.min(rows, GRADIENT_ROWS);
      long rowBytes = (long) classes * dtype.bytes();
      MemorySegment gradient = arena.allocate(count * rowBytes, ALIGNMENT);
      MemorySegment places = arena.allocate(count * Long.BYTES, ALIGNMENT);
      for (long i = 0; i < count; i++) {
        long row = count == 1 ? 0 : i * (rows - 1) / (count - 1);
        places.setAtIndex(ValueLayout.JAVA_LONG, i, row);
        memory.read(batch.gradient(), row, gradient.asSlice(i * rowBytes, rowBytes));
      }
      MemorySegment sums = arena.allocateFrom(ValueLayout.JAVA_FLOAT, (float) totals.total(), (float) totals.soft(), (float) totals.hard());
      String name = rows + "x" + classes + "-" + dtype + "-" + loss.label().replace(':', '-') + ".safetensors";
      SafetensorsWriter.write(folder.resolve(name), List.of(
          new Tensor("totals", DType.F32, List.of(3L), sums),
          new Tensor("row_soft", DType.F32, List.of(rows), soft),
          new Tensor("row_hard", DType.F32, List.of(rows), hard),
          new Tensor("gradient", dtype, List.of(count, (long) classes), gradient),
          new Tensor("gradient_rows", DType.I64, List.of(count), places),
          new Tensor("gradient_scale", DType.F32, List.of(1L), arena.allocateFrom(ValueLayout.JAVA_FLOAT, scale))));
    }
  }
}
