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
   * <p>Hazard: the memory of a confined arena is freed without a check of such a view. The caller owns the arena, waits
   * for the product and cannot close the arena meanwhile.
   *
   * @throws IllegalStateException if the memory was closed, or if it is confined to another thread
   */
  static HostMatrix of(MatrixView matrix) {
    HostMatrix host = (HostMatrix) matrix;
    MemorySegment segment = host.segment();
    if (!segment.isNative() || segment.isAccessibleBy(ANY)) {
      return host;
    }
    if (!segment.scope().isAlive() || !segment.isAccessibleBy(Thread.currentThread())) {
      throw new IllegalStateException(host.describe() + " of a matrix product lies in memory that was closed or belongs"
          + " to another thread's confined arena; keep its arena open, or use Arena.ofShared");
    }
    MemorySegment shared = MemorySegment.ofAddress(segment.address()).reinterpret(segment.byteSize());
    return new HostMatrix(shared, host.rows(), host.classes(), host.rowStride(), host.dtype());
  }
}
