package dev.temper.cpu.blas;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.temper.DType;
import dev.temper.HostMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The partial sums of a product whose inner dimension is split, one matrix for each part. Their memory is kept for the
 * next product.
 */
final class Lanes implements AutoCloseable {

  private static final long ALIGNMENT = 64;

  private Arena arena = Arena.ofShared();
  private MemorySegment memory = MemorySegment.NULL;
  private int rows;
  private int columns;

  /** Makes room for the partial sums of one product. */
  void reserve(int lanes, long rowsOfResult, int columnsOfResult) {
    rows = Math.toIntExact(rowsOfResult);
    columns = columnsOfResult;
    long bytes = lanes * laneBytes();
    if (memory.byteSize() < bytes) {
      close();
      arena = Arena.ofShared();
      memory = arena.allocate(bytes, ALIGNMENT);
    }
  }

  HostMatrix lane(int lane) {
    return HostMatrix.of(memory.asSlice(lane * laneBytes(), laneBytes()), rows, columns, DType.F32);
  }

  /** Adds all lanes of a row, in their order, to the first one. */
  void addRow(int lanes, long row) {
    long to = row * columns * Float.BYTES;
    for (int lane = 1; lane < lanes; lane++) {
      long from = lane * laneBytes() + to;
      for (int i = 0; i < columns; i++) {
        long at = (long) i * Float.BYTES;
        memory.set(JAVA_FLOAT, to + at, memory.get(JAVA_FLOAT, to + at) + memory.get(JAVA_FLOAT, from + at));
      }
    }
  }

  /** Returns the sum of a row after {@link #addRow}. */
  MemorySegment row(long row) {
    return memory.asSlice(row * columns * Float.BYTES, (long) columns * Float.BYTES);
  }

  private long laneBytes() {
    return (long) rows * columns * Float.BYTES;
  }

  @Override
  public void close() {
    memory = MemorySegment.NULL;
    arena.close();
  }
}
