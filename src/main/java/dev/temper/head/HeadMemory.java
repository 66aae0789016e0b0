package dev.temper.head;

import dev.temper.DeviceBuffer;
import dev.temper.DeviceMatrix;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.head.HeadPlan.Region;
import dev.temper.spi.EngineBackend;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** The workspace of a head in the memory of its engine. It grows with the calls and is kept between them. */
final class HeadMemory implements AutoCloseable {

  private static final long ALIGNMENT = 256;

  private final EngineBackend backend;
  private @Nullable DeviceBuffer buffer;
  private @Nullable Arena arena;
  private MemorySegment segment = MemorySegment.NULL;
  private long bytes;

  HeadMemory(EngineBackend backend) {
    this.backend = backend;
  }

  /** Allocates at least {@code needed} bytes unless there are as many. The content is undefined after an allocation. */
  void reserve(long needed) {
    if (needed <= bytes) {
      return;
    }
    close();
    if (backend.acceptsDeviceMemory()) {
      buffer = backend.allocate(needed);
    } else {
      Arena fresh = Arena.ofShared();
      segment = fresh.allocate(needed, ALIGNMENT);
      arena = fresh;
    }
    bytes = needed;
  }

  /** Returns the rows of a region as a matrix. */
  MatrixView matrix(Region region, long rows) {
    if (buffer != null) {
      return new DeviceMatrix(buffer.address() + region.offset(), rows, region.columns(), region.columns(),
          region.dtype());
    }
    MemorySegment part = segment.asSlice(region.offset(), rows * region.columns() * region.dtype().bytes());
    return new HostMatrix(part, rows, region.columns(), region.columns(), region.dtype());
  }

  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    bytes = 0;
    segment = MemorySegment.NULL;
    if (buffer != null) {
      buffer.close();
      buffer = null;
    }
    if (arena != null) {
      arena.close();
      arena = null;
    }
  }
}
