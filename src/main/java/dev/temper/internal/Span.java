package dev.temper.internal;

import dev.temper.DeviceMatrix;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The bytes that a view touches: {@code rows} runs of {@code rowBytes}, {@code strideBytes} apart.
 *
 * @param segment the host memory they lie in, null for a CUDA device's
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

  /** Whether both touch a common byte. Columns of one wider matrix (equal strides) are told apart. */
  public boolean overlaps(Span other) {
    if (isEmpty() || other.isEmpty() || !sameMemory(other)) {
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

  /** Whether both touch the very same bytes in the same order, through segments that may reach further. */
  public boolean coincides(Span other) {
    return start == other.start && rows == other.rows && rowBytes == other.rowBytes && strideBytes == other.strideBytes
        && (isEmpty() || sameMemory(other));
  }

  private boolean sameMemory(Span other) {
    if (segment == null || other.segment == null) {
      return segment == null && other.segment == null; // both on the device
    }
    if (segment.isNative() || other.segment.isNative()) {
      return segment.isNative() == other.segment.isNative();
    }
    return segment.asOverlappingSlice(other.segment).isPresent(); // Java arrays: addresses are offsets in each of them
  }

  private boolean isEmpty() {
    return rows == 0 || rowBytes == 0;
  }

  private long end() {
    return start + (rows - 1) * strideBytes + rowBytes;
  }
}
