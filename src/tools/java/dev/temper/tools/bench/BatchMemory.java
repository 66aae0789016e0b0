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

/** The memory of batches: host memory, or that of the engine's device. {@link #close()} frees the batches. */
public sealed interface BatchMemory extends AutoCloseable {

  /** Returns memory that the engine reads without a copy. */
  static BatchMemory of(LossEngine engine) {
    return engine.diagnostics().facts().isPresent() ? new DeviceMemory(engine) : new ArenaMemory(Arena.ofShared());
  }

  /** Returns host memory of a shared arena, which {@link #close()} closes. */
  static BatchMemory of(Arena arena) {
    return new ArenaMemory(arena);
  }

  /** A matrix whose content {@code writer} writes. */
  MatrixView matrix(BatchShape shape, DType dtype, Writer writer);

  /** A matrix of any content. */
  MatrixView empty(BatchShape shape, DType dtype);

  /**
   * Allocates a second matrix with the same content. Callers write a gradient over it, so that an element that a kernel
   * skips keeps a wrong value.
   */
  MatrixView copy(MatrixView matrix);

  /** Copies one matrix of this memory over another of the same size. */
  void copy(MatrixView from, MatrixView to);

  /** A vector with one I64 for each row. */
  RowVector labels(long rows, Writer writer);

  /** Copies one row of a matrix of this memory to the host, after all launches. */
  void read(MatrixView matrix, long row, MemorySegment to);

  @Override
  void close();

  /** Writes the content of a matrix or a vector, part by part. */
  @FunctionalInterface
  interface Writer {
    /**
     * Writes one part; any thread may write it.
     *
     * @param part memory of the part
     * @param first index of its first element
     */
    void write(MemorySegment part, long first);
  }

  /** Host memory, aligned to 64 bytes like the tensors of training frameworks. */
  record ArenaMemory(Arena arena) implements BatchMemory {

    private static final int ALIGNMENT = 64;

    @Override
    public HostMatrix matrix(BatchShape shape, DType dtype, Writer writer) {
      return HostMatrix.of(written(shape.matrixBytes(dtype), writer), shape.rows(), shape.classes(), dtype);
    }

    @Override
    public HostMatrix empty(BatchShape shape, DType dtype) {
      return HostMatrix.of(arena.allocate(shape.matrixBytes(dtype), ALIGNMENT), shape.rows(), shape.classes(), dtype);
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

  /** Device memory. */
  final class DeviceMemory implements BatchMemory {

    /** Content is uploaded in parts of this size, which bounds the host memory for batches of any size. */
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
    public MatrixView empty(BatchShape shape, DType dtype) {
      return allocate(shape.matrixBytes(dtype)).matrix(shape.rows(), shape.classes(), dtype);
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
