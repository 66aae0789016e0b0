package dev.temper.cpu.blas;

import dev.temper.DType;
import dev.temper.EngineUnavailableException;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import dev.temper.cpu.blas.OpenBlas.Floats;
import dev.temper.spi.Products;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Multiplies matrices in host memory with {@code cblas_sgemm}. A fixed number of threads gives the same bits in every
 * run on one machine. Blocks of BF16 and F16 matrices are widened into scratch memory of at most 48 MiB.
 */
public final class OpenBlasProducts implements Products {

  /** Most rows and columns of a block that is widened. */
  private static final int BLOCK = 2048;

  private static final long ALIGNMENT = 64;

  private final OpenBlas library;
  private final int threads;
  private @Nullable Arena arena;
  private MemorySegment leftScratch = MemorySegment.NULL;
  private MemorySegment rightScratch = MemorySegment.NULL;
  private MemorySegment resultScratch = MemorySegment.NULL;

  private OpenBlasProducts(OpenBlas library, int threads) {
    this.library = library;
    this.threads = threads;
  }

  /**
   * Opens the products.
   *
   * @param threads threads of each product
   * @throws EngineUnavailableException if OpenBLAS is missing; the message says what to add
   */
  public static OpenBlasProducts open(int threads) {
    return new OpenBlasProducts(OpenBlas.instance(), threads);
  }

  @Override
  public String describe() {
    return library.config().trim() + ", " + threads + (threads == 1 ? " thread" : " threads");
  }

  @Override
  public void multiply(double alpha, Operand left, Operand right, double beta, MatrixView result) {
    HostMatrix target = (HostMatrix) result;
    if (target.rows() == 0) {
      return;
    }
    if (left.matrix().dtype() == DType.F32) {
      library.multiply(threads, Math.toIntExact(target.rows()), target.classes(), Math.toIntExact(left.columns()),
          (float) alpha, floats(left), floats(right), (float) beta, floats(Operand.of(target)));
      return;
    }
    allocateScratch();
    for (long row = 0; row < target.rows(); row += BLOCK) {
      for (int column = 0; column < target.classes(); column += BLOCK) {
        int rows = (int) Math.min(BLOCK, target.rows() - row);
        multiplyBlock(alpha, left, right, beta, target,
            new Block(row, column, rows, Math.min(BLOCK, target.classes() - column)));
      }
    }
  }

  @Override
  public void store(MatrixView sum, double beta, MatrixView result) {
    HostMatrix source = (HostMatrix) sum;
    HostMatrix target = (HostMatrix) result;
    for (long row = 0; row < target.rows(); row++) {
      Halves.store(source.rows(row, row + 1).segment(), beta, target, new Block(row, 0, 1, target.classes()));
    }
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
      arena = null;
    }
  }

  /** Computes one block of a result, in blocks of the inner dimension. */
  private void multiplyBlock(double alpha, Operand left, Operand right, double beta, HostMatrix target, Block block) {
    boolean isFloat = target.dtype() == DType.F32;
    Floats result = isFloat ? part(target, block) : new Floats(resultScratch, block.columns(), false);
    float before = isFloat ? (float) beta : 0;
    long inner = left.columns();
    long from = 0;
    do { // A product with inner size 0 is one block of size 0.
      int size = (int) Math.min(BLOCK, inner - from);
      Floats a = widen(left, Block.of(left.isTransposed(), block.row(), from, block.rows(), size), leftScratch);
      Floats b = widen(right, Block.of(right.isTransposed(), from, block.column(), size, block.columns()),
          rightScratch);
      library.multiply(threads, block.rows(), block.columns(), size, (float) alpha, a, b, before, result);
      before = 1;
      from += size;
    } while (from < inner);
    if (!isFloat) {
      Halves.store(resultScratch, beta, target, block);
    }
  }

  private static Floats widen(Operand factor, Block block, MemorySegment scratch) {
    Halves.widen((HostMatrix) factor.matrix(), block, scratch);
    return new Floats(scratch, Math.max(1, block.columns()), factor.isTransposed());
  }

  private static Floats part(HostMatrix matrix, Block block) {
    long offset = (block.row() * matrix.rowStride() + block.column()) * Float.BYTES;
    return new Floats(matrix.segment().asSlice(offset), stride(matrix), false);
  }

  private static Floats floats(Operand factor) {
    HostMatrix matrix = (HostMatrix) factor.matrix();
    return new Floats(matrix.segment(), stride(matrix), factor.isTransposed());
  }

  /** Returns the distance of rows, which OpenBLAS requires to be at least a row even if there is one row only. */
  private static long stride(HostMatrix matrix) {
    return Math.max(matrix.rowStride(), matrix.classes());
  }

  private void allocateScratch() {
    if (arena == null) {
      arena = Arena.ofShared();
      long bytes = (long) BLOCK * BLOCK * Float.BYTES;
      Arena fresh = Objects.requireNonNull(arena);
      leftScratch = fresh.allocate(bytes, ALIGNMENT);
      rightScratch = fresh.allocate(bytes, ALIGNMENT);
      resultScratch = fresh.allocate(bytes, ALIGNMENT);
    }
  }
}
