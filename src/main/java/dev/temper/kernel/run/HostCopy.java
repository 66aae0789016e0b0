package dev.temper.kernel.run;

import dev.temper.HostMatrix;
import dev.temper.RowVector;
import dev.temper.kernel.device.KernelDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A host tensor and its copy on the device, which have the same layout.
 *
 * @param host the tensor's memory
 * @param device address of the copy
 * @param rows number of rows
 * @param rowBytes bytes of a row
 * @param strideBytes bytes from the beginning of one row to the beginning of the next
 */
record HostCopy(MemorySegment host, long device, long rows, long rowBytes, long strideBytes) {

  /** Rows with gaps between them are downloaded in pieces of about this size. */
  private static final long PIECE_BYTES = 8L << 20;

  static HostCopy of(HostMatrix matrix, long device) {
    long bytes = matrix.dtype().bytes();
    return new HostCopy(matrix.segment().asSlice(0, matrix.byteSize()), device, matrix.rows(), matrix.classes() * bytes,
        matrix.rowStride() * bytes);
  }

  static HostCopy of(RowVector.Host vector, long device) {
    long bytes = vector.length() * vector.dtype().bytes();
    return new HostCopy(vector.segment().asSlice(0, bytes), device, 1, bytes, bytes);
  }

  void upload(KernelDevice to) {
    to.upload(host, device);
  }

  /** Waits for the stream and copies the rows; host memory between them keeps its content. */
  void download(KernelDevice from) {
    if (rows <= 1 || rowBytes == strideBytes) {
      from.download(device, host);
      return;
    }
    long rowsPerPiece = Math.max(1, PIECE_BYTES / strideBytes);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment piece = arena.allocate(rowsPerPiece * strideBytes);
      for (long first = 0; first < rows; first += rowsPerPiece) {
        downloadRows(from, first, Math.min(rowsPerPiece, rows - first), piece);
      }
    }
  }

  private void downloadRows(KernelDevice from, long first, long count, MemorySegment piece) {
    from.download(device + first * strideBytes, piece.asSlice(0, (count - 1) * strideBytes + rowBytes));
    for (long row = 0; row < count; row++) {
      MemorySegment.copy(piece, row * strideBytes, host, (first + row) * strideBytes, rowBytes);
    }
  }
}
