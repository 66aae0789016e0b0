package dev.temper.kernel.run;

import dev.temper.DType;
import dev.temper.DeviceMatrix;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Where the kernels find the tensors of one call: at their own address, or in a copy of the same layout and the same place modulo
 * 16 bytes, because a row's bits may depend on its alignment.
 */
final class ResidentTensors {

  private static final int VECTOR = 16;
  /** Rows with gaps between them come back in pieces of about this size. */
  private static final long PIECE = 8L << 20;

  private final Workspace workspace;
  private final List<Copy> uploads = new ArrayList<>();
  private final List<Copy> downloads = new ArrayList<>();

  ResidentTensors(Workspace workspace) {
    this.workspace = workspace;
  }

  /** Rows of {@code rowBytes} that begin {@code strideBytes} after one another, in host and device memory alike. */
  private record Copy(MemorySegment host, long device, long rows, long rowBytes, long strideBytes) {
    boolean hasGaps() {
      return rows > 1 && rowBytes < strideBytes;
    }
  }

  /** Whether a tensor lies in host memory that kernels cannot reach. */
  boolean anyCopied() {
    return !uploads.isEmpty() || !downloads.isEmpty();
  }

  /** Whether results must come back before the call can return. */
  boolean anyDownloads() {
    return !downloads.isEmpty();
  }

  long read(String name, @Nullable MatrixView matrix) {
    return address(name, matrix, uploads);
  }

  long read(String name, @Nullable RowVector vector) {
    return address(name, vector, uploads);
  }

  long write(String name, @Nullable MatrixView matrix) {
    return address(name, matrix, downloads);
  }

  long write(String name, @Nullable RowVector vector) {
    return address(name, vector, downloads);
  }

  /** Output in the place of an input that was placed at {@code address}. */
  void writeInPlace(MatrixView matrix, long address) {
    uploads.stream().filter(copy -> copy.device == address).findFirst().ifPresent(_ -> downloads.add(copy((HostMatrix) matrix, address)));
  }

  /** Copies the inputs; they may change on return. */
  void upload() {
    for (int i = 0; i < uploads.size(); i++) {  // without an iterator: a prepared call allocates nothing
      workspace.device().upload(uploads.get(i).host, uploads.get(i).device);
    }
  }

  /** Waits, and copies the outputs; what lies between their rows stays as it is. */
  void download() {
    for (Copy copy : downloads) {
      if (copy.hasGaps()) {
        downloadRows(copy);
      } else {
        workspace.device().download(copy.device, copy.host);
      }
    }
  }

  private void downloadRows(Copy copy) {
    long rowsPerPiece = Math.max(1, PIECE / copy.strideBytes);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment piece = arena.allocate(rowsPerPiece * copy.strideBytes);
      for (long first = 0; first < copy.rows; first += rowsPerPiece) {
        long rows = Math.min(rowsPerPiece, copy.rows - first);
        long bytes = (rows - 1) * copy.strideBytes + copy.rowBytes;
        workspace.device().download(copy.device + first * copy.strideBytes, piece.asSlice(0, bytes));
        for (long row = 0; row < rows; row++) {
          MemorySegment.copy(piece, row * copy.strideBytes, copy.host, (first + row) * copy.strideBytes, copy.rowBytes);
        }
      }
    }
  }

  private long address(String name, @Nullable MatrixView matrix, List<Copy> copies) {
    return switch (matrix) {
      case null -> 0;
      case DeviceMatrix on -> borrowed(name, on.address(), on.byteSize(), on.dtype());
      case HostMatrix host -> {
        OptionalLong own = reachable(host.segment(), host.dtype());
        yield own.isPresent() ? own.getAsLong() : keep(copies, copy(host, place(name, host.segment(), host.byteSize(), host.dtype())));
      }
    };
  }

  private long address(String name, @Nullable RowVector vector, List<Copy> copies) {
    return switch (vector) {
      case null -> 0;
      case RowVector.Device on -> borrowed(name, on.address(), on.length() * on.dtype().bytes(), on.dtype());
      case RowVector.Host host -> {
        OptionalLong own = reachable(host.segment(), host.dtype());
        long bytes = host.length() * host.dtype().bytes();
        yield own.isPresent() ? own.getAsLong()
            : keep(copies, new Copy(host.segment().asSlice(0, bytes), place(name, host.segment(), bytes, host.dtype()), 1, bytes, bytes));
      }
    };
  }

  private static Copy copy(HostMatrix host, long device) {
    long bytes = host.dtype().bytes();
    return new Copy(host.segment().asSlice(0, host.byteSize()), device, host.rows(), host.classes() * bytes, host.rowStride() * bytes);
  }

  private static long keep(List<Copy> copies, Copy copy) {
    copies.add(copy);
    return copy.device;
  }

  private long borrowed(String name, long address, long bytes, DType dtype) {
    if (address % dtype.bytes() != 0) {
      throw new IllegalArgumentException(String.format("%s is at device address 0x%x, expected a multiple of %d for %s; align its first element",
          name, address, dtype.bytes(), dtype));
    }
    if (bytes > 0) {
      workspace.device().requireDeviceMemory(name, address, bytes);
    }
    return address;
  }

  /** The kernels need elements in their natural places; host memory may be anywhere. */
  private OptionalLong reachable(MemorySegment segment, DType dtype) {
    return segment.address() % dtype.bytes() == 0 ? workspace.device().addressOf(segment) : OptionalLong.empty();
  }

  private long place(String name, MemorySegment segment, long bytes, DType dtype) {
    long shift = segment.address() % VECTOR / dtype.bytes() * dtype.bytes();
    return workspace.bytes(name, Math.addExact(bytes, VECTOR)) + shift;
  }
}
