package dev.temper.internal;

import dev.temper.DeviceMatrix;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Describes the bytes of a view: {@code rows} ranges of {@code rowBytes} bytes at a distance of {@code strideBytes}.
 *
 * @param segment host memory that holds the bytes, or null for device memory
 */
public record Span(@Nullable MemorySegment segment, long start, long rows, long rowBytes, long strideBytes) {

  public static Span of(MatrixView m) {
    long rowBytes = (long) m.classes() * m.dtype().bytes();
    long strideBytes = m.rowStride() * m.dtype().bytes();
    return switch (m) {
      case HostMatrix h -> new Span(h.segment(), h.segment().address(), m.rows(), rowBytes, strideBytes);
      case DeviceMatrix d -> new Span(null, d.address(), m.rows(), rowBytes, strideBytes);
    };
  }

  public static Span of(RowVector v) {
    long bytes = v.length() * v.dtype().bytes();
    return switch (v) {
      case RowVector.Host h -> new Span(h.segment(), h.segment().address(), 1, bytes, bytes);
      case RowVector.Device d -> new Span(null, d.address(), 1, bytes, bytes);
    };
  }

  /**
   * Returns whether two spans share a byte. Spans with equal strides are compared exactly, so disjoint columns of one
   * wider matrix do not overlap.
   */
  public boolean overlaps(Span other) {
    if (isEmpty() || other.isEmpty() || !sameMemory(other)) {
      return false;
    }
    if (end() <= other.start || other.end() <= start) {
      return false;
    }
    if (strideBytes == other.strideBytes && strideBytes > 0) {
      long offset = Math.floorMod(other.start - start, strideBytes);
      return offset < rowBytes || offset + other.rowBytes > strideBytes;
    }
    return true;
  }

  /** Returns whether two spans cover the same bytes in the same order. Their segments may differ beyond these bytes. */
  public boolean coincides(Span other) {
    return start == other.start && rows == other.rows && rowBytes == other.rowBytes && strideBytes == other.strideBytes
        && (isEmpty() || sameMemory(other));
  }

  private boolean sameMemory(Span other) {
    if (segment == null || other.segment == null) {
      return segment == null && other.segment == null; // Both spans lie in device memory.
    }
    if (segment.isNative() || other.segment.isNative()) {
      return segment.isNative() == other.segment.isNative();
    }
    // The address of a Java array is an offset within that array, so addresses of two arrays cannot be compared.
    return segment.asOverlappingSlice(other.segment).isPresent();
  }

  private boolean isEmpty() {
    return rows == 0 || rowBytes == 0;
  }

  private long end() {
    return start + (rows - 1) * strideBytes + rowBytes;
  }
}
