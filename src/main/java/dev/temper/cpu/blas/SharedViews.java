package dev.temper.cpu.blas;

import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.spi.Products.Operand;
import java.lang.foreign.MemorySegment;

/** Views of the caller's memory that other threads may use, even if the memory is confined to the caller's thread. */
final class SharedViews {

  /** A thread that never runs. Memory that it may use is not confined. */
  private static final Thread ANY = Thread.ofPlatform().unstarted(() -> { });

  private SharedViews() {}

  static Operand of(Operand factor) {
    return new Operand(of(factor.matrix()), factor.isTransposed());
  }

  /**
   * Returns a view of the same memory.
   *
   * <p>Hazard: the memory of a confined arena is freed without a check of such a view. The thread that owns the arena
   * waits for the product and cannot close the arena meanwhile.
   */
  static HostMatrix of(MatrixView matrix) {
    HostMatrix host = (HostMatrix) matrix;
    MemorySegment segment = host.segment();
    if (!segment.isNative() || segment.isAccessibleBy(ANY)) {
      return host;
    }
    MemorySegment shared = MemorySegment.ofAddress(segment.address()).reinterpret(segment.byteSize());
    return new HostMatrix(shared, host.rows(), host.classes(), host.rowStride(), host.dtype());
  }
}
