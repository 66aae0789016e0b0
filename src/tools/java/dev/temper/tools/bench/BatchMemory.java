package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.DeviceMatrix;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.LossEngine;
import dev.temper.RowVector;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Where batches lie: in host memory, or on the device of an engine that has memory of its own. Closing it frees them. */
public sealed interface BatchMemory extends AutoCloseable {

  /** Memory that the engine reads without copying it. */
  static BatchMemory of(LossEngine engine) {
    return engine.diagnostics().facts().isPresent() ? new DeviceMemory(engine) : new HostMemory(Arena.ofShared());
  }

  /** Host memory of an arena that any thread may use; it is closed by {@link #close()}. */
  static BatchMemory of(Arena arena) {
    return new HostMemory(arena);
  }

  /** A matrix with the content that {@code writer} gives it. */
  MatrixView matrix(BatchShape shape, DType dtype, Writer writer);

  /** A second matrix of the same content: what a gradient is written over, so that what a kernel leaves out shows. */
  MatrixView copy(MatrixView matrix);

  /** Copies one matrix of this memory over another of the same size. */
  void copy(MatrixView from, MatrixView to);

  /** One I64 for each row. */
  RowVector labels(long rows, Writer writer);

  /** Copies one row of a matrix of this memory to the host, behind all launches. */
  void read(MatrixView matrix, long row, MemorySegment to);

  @Override
  void close();

  /** Writes content, part by part. */
  @FunctionalInterface
  interface Writer {
    /** Writes the elements that a part holds, the first of which has this number; any thread may write them. */
    void write(MemorySegment part, long first);
  }

  /** In host memory, aligned to 64 bytes as allocators of training frameworks do. */
  record HostMemory(Arena arena) implements BatchMemory {

    private static final int ALIGNMENT = 64;

    @Override
    public HostMatrix matrix(BatchShape shape, DType dtype, Writer writer) {
      return HostMatrix.of(written(shape.matrixBytes(dtype), writer), shape.rows(), shape.classes(), dtype);
    }

    @Override
    public RowVector labels(long rows, Writer writer) {
      return RowVector.labels(written(rows * ValueLayout.JAVA_LONG.byteSize(), writer), rows, DType.I64);
    }

    @Override
    public void read(MatrixView matrix, long row, MemorySegment to) {
      MemorySegment.copy(((HostMatrix) matrix).segment(), row * to.byteSize(), to, 0, to.byteSize());
    }

    @Override
    public HostMatrix copy(MatrixView matrix) {
      MemorySegment from = ((HostMatrix) matrix).segment();
      MemorySegment to = arena.allocate(from.byteSize(), ALIGNMENT).copyFrom(from);
      return HostMatrix.of(to, matrix.rows(), matrix.classes(), matrix.dtype());
    }

    @Override
    public void copy(MatrixView from, MatrixView to) {
      ((HostMatrix) to).segment().copyFrom(((HostMatrix) from).segment());
    }

    private MemorySegment written(long bytes, Writer writer) {
      MemorySegment segment = arena.allocate(bytes, ALIGNMENT);
      writer.write(segment, 0);
      return segment;
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  /** In device memory. */
  final class DeviceMemory implements BatchMemory {

    /** Content is made and sent in parts of this size: the host needs no more memory, whatever the batch. */
    private static final long PART_BYTES = 64L << 20;

    private final LossEngine engine;
    private final List<DeviceBuffer> buffers = new ArrayList<>();

    DeviceMemory(LossEngine engine) {
      this.engine = engine;
    }

    @Override
    public MatrixView matrix(BatchShape shape, DType dtype, Writer writer) {
      return written(shape.matrixBytes(dtype), dtype, writer).matrix(shape.rows(), shape.classes(), dtype);
    }

    @Override
    public RowVector labels(long rows, Writer writer) {
      return written(rows * DType.I64.bytes(), DType.I64, writer).labels(rows, DType.I64);
    }

    @Override
    public MatrixView copy(MatrixView matrix) {
      DeviceBuffer from = buffer(matrix);
      DeviceBuffer to = allocate(from.byteSize());
      to.copyFrom(from);
      return to.matrix(matrix.rows(), matrix.classes(), matrix.dtype());
    }

    @Override
    public void copy(MatrixView from, MatrixView to) {
      buffer(to).copyFrom(buffer(from));
    }

    @Override
    public void read(MatrixView matrix, long row, MemorySegment to) {
      buffer(matrix).download(row * to.byteSize(), to);
    }

    private DeviceBuffer buffer(MatrixView matrix) {
      long address = ((DeviceMatrix) matrix).address();
      return buffers.stream().filter(buffer -> buffer.address() == address).findFirst().orElseThrow();
    }

    private DeviceBuffer written(long bytes, DType dtype, Writer writer) {
      DeviceBuffer buffer = allocate(bytes);
      try (Arena arena = Arena.ofShared()) {
        MemorySegment part = arena.allocate(Math.min(bytes, PART_BYTES), Long.BYTES);
        for (long begin = 0; begin < bytes; begin += PART_BYTES) {
          MemorySegment content = part.asSlice(0, Math.min(PART_BYTES, bytes - begin));
          writer.write(content, begin / dtype.bytes());
          buffer.upload(begin, content);
        }
      }
      return buffer;
    }

    private DeviceBuffer allocate(long bytes) {
      DeviceBuffer buffer = engine.allocate(bytes);
      buffers.add(buffer);
      return buffer;
    }

    @Override
    public void close() {
      buffers.forEach(DeviceBuffer::close);
      buffers.clear();
    }
  }
}
