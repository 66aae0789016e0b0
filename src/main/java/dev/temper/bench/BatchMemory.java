package dev.temper.bench;

import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.DeviceMatrix;
import dev.temper.HostMatrix;
import dev.temper.LogitMatrix;
import dev.temper.LossEngine;
import dev.temper.RowVector;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Where batches lie: in host memory, or on the device of an engine that has memory of its own. Closing it frees them. */
public sealed interface BatchMemory extends AutoCloseable {

  /** Written before a gradient is: a NaN in every dtype, so that what a kernel leaves out shows. */
  byte UNWRITTEN = (byte) 0xff;

  /** Memory that the engine reads without copying it. */
  static BatchMemory of(LossEngine engine) {
    return engine.facts().isPresent() ? new Device(engine) : new Host(Arena.ofShared());
  }

  /** Host memory of an arena that any thread may use; it is closed by {@link #close()}. */
  static BatchMemory of(Arena arena) {
    return new Host(arena);
  }

  /** A matrix with the content that {@code writer} gives it. */
  LogitMatrix matrix(BatchShape shape, DType dtype, Writer writer);

  /** One I64 for each row. */
  RowVector labels(long rows, Writer writer);

  /** Copies one row of a matrix of this memory to the host, behind all launches. */
  void read(LogitMatrix matrix, long row, MemorySegment to);

  @Override
  void close();

  /** Writes content. */
  @FunctionalInterface
  interface Writer {
    /** Writes all of it. */
    void write(MemorySegment target);
  }

  /** In host memory, aligned to 64 bytes as allocators of training frameworks do. */
  record Host(Arena arena) implements BatchMemory {

    private static final int ALIGNMENT = 64;

    @Override
    public HostMatrix matrix(BatchShape shape, DType dtype, Writer writer) {
      return HostMatrix.of(written(shape.matrixBytes(dtype), writer), shape.rows(), shape.classes(), dtype);
    }

    @Override
    public RowVector.Host labels(long rows, Writer writer) {
      return new RowVector.Host(written(rows * ValueLayout.JAVA_LONG.byteSize(), writer), rows, DType.I64);
    }

    @Override
    public void read(LogitMatrix matrix, long row, MemorySegment to) {
      MemorySegment.copy(((HostMatrix) matrix).segment(), row * to.byteSize(), to, 0, to.byteSize());
    }

    private MemorySegment written(long bytes, Writer writer) {
      MemorySegment segment = arena.allocate(bytes, ALIGNMENT);
      writer.write(segment);
      return segment;
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  /** In device memory. */
  final class Device implements BatchMemory {

    private final LossEngine engine;
    private final List<DeviceBuffer> buffers = new ArrayList<>();

    Device(LossEngine engine) {
      this.engine = engine;
    }

    @Override
    public LogitMatrix matrix(BatchShape shape, DType dtype, Writer writer) {
      return written(shape.matrixBytes(dtype), writer).matrix(shape.rows(), shape.classes(), dtype);
    }

    @Override
    public RowVector labels(long rows, Writer writer) {
      return written(rows * ValueLayout.JAVA_LONG.byteSize(), writer).vector(rows, DType.I64);
    }

    @Override
    public void read(LogitMatrix matrix, long row, MemorySegment to) {
      long address = ((DeviceMatrix) matrix).address();
      DeviceBuffer buffer = buffers.stream().filter(b -> b.address() == address).findFirst().orElseThrow();
      buffer.download(row * to.byteSize(), to);
    }

    private DeviceBuffer written(long bytes, Writer writer) {
      DeviceBuffer buffer = engine.allocate(bytes);
      buffers.add(buffer);
      try (Arena arena = Arena.ofShared()) {
        MemorySegment content = arena.allocate(bytes, Long.BYTES);
        writer.write(content);
        buffer.upload(content);
      }
      return buffer;
    }

    @Override
    public void close() {
      buffers.forEach(DeviceBuffer::close);
      buffers.clear();
    }
  }
}
