package dev.temper;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The bytes that a view touches: {@code rows} runs of {@code rowBytes}, {@code strideBytes} apart.
 *
 * @param base the Java array the bytes lie in, null for native memory and {@link #DEVICE} for a CUDA device's
 */
record Span(@Nullable Object base, long start, long rows, long rowBytes, long strideBytes) {

  private static final Object DEVICE = new Object();

  static Span of(LogitMatrix m) {
    long rowBytes = (long) m.classes() * m.dtype().bytes();
    long strideBytes = m.rowStride() * m.dtype().bytes();
    return switch (m) {
      case HostMatrix h -> of(h.segment(), m.rows(), rowBytes, strideBytes);
      case DeviceMatrix d -> new Span(DEVICE, d.address(), m.rows(), rowBytes, strideBytes);
    };
  }

  static Span of(RowVector v) {
    long bytes = v.length() * v.dtype().bytes();
    return switch (v) {
      case RowVector.Host h -> of(h.segment(), 1, bytes, bytes);
      case RowVector.Device d -> new Span(DEVICE, d.address(), 1, bytes, bytes);
    };
  }

  private static Span of(MemorySegment segment, long rows, long rowBytes, long strideBytes) {
    return new Span(segment.heapBase().orElse(null), segment.address(), rows, rowBytes, strideBytes);
  }

  /** Whether both touch a common byte. Columns of one wider matrix (equal strides) are told apart. */
  boolean overlaps(Span other) {
    if (!sameMemory(other) || isEmpty() || other.isEmpty()) {
      return false;
    }
    if (end() <= other.start || other.end() <= start) {
      return false;
    }
    if (strideBytes == other.strideBytes) {
      long offset = Math.floorMod(other.start - start, strideBytes);
      return offset < rowBytes || offset + other.rowBytes > strideBytes;
    }
    return true;
  }

  @SuppressWarnings("ReferenceEquality") // two arrays of equal content are still two places
  private boolean sameMemory(Span other) {
    return base == other.base;
  }

  private boolean isEmpty() {
    return rows == 0 || rowBytes == 0;
  }

  private long end() {
    return start + (rows - 1) * strideBytes + rowBytes;
  }
}
