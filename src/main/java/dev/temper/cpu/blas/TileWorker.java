package dev.temper.cpu.blas;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.cpu.blas.OpenBlas.Floats;
import dev.temper.spi.Products.Operand;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Computes tiles on one thread. Blocks of BF16 and F16 matrices are widened into scratch memory of 12 MiB. */
final class TileWorker {

  /** Most rows and columns of a block that is widened. */
  private static final int BLOCK = 1024;

  private static final long ALIGNMENT = 64;

  private final OpenBlas library;
  private final Arena arena;
  private MemorySegment leftScratch = MemorySegment.NULL;
  private MemorySegment rightScratch = MemorySegment.NULL;
  private MemorySegment resultScratch = MemorySegment.NULL;

  /** Creates a worker whose scratch memory is freed with the arena. */
  TileWorker(OpenBlas library, Arena arena) {
    this.library = library;
    this.arena = arena;
  }

  /**
   * Computes a tile.
   *
   * @param into result, or the partial sum of the tile's lane
   * @param beta factor of what {@code into} holds
   */
  void compute(Product product, Tile tile, HostMatrix into, double beta) {
    if (product.left().matrix().dtype() == DType.F32 && into.dtype() == DType.F32) {
      Block left = Block.of(product.left().isTransposed(), tile.row(), tile.inner(), tile.rows(), tile.innerSize());
      Block right = Block.of(product.right().isTransposed(), tile.inner(), tile.column(), tile.innerSize(),
          tile.columns());
      library.multiply(tile, product.alpha(), floats(product.left(), left), floats(product.right(), right),
          (float) beta, floats(into, tile));
      return;
    }
    allocate();
    for (long row = 0; row < tile.rows(); row += BLOCK) {
      for (int column = 0; column < tile.columns(); column += BLOCK) {
        computeBlock(product, new Tile(tile.row() + row, Math.min(BLOCK, tile.rows() - row), tile.column() + column,
            Math.min(BLOCK, tile.columns() - column), tile.inner(), tile.innerSize(), tile.lane()), into, beta);
      }
    }
  }

  /** Computes one block of a result, in blocks of the inner dimension. */
  private void computeBlock(Product product, Tile tile, HostMatrix into, double beta) {
    boolean isFloat = into.dtype() == DType.F32;
    Floats result = isFloat ? floats(into, tile) : new Floats(resultScratch, tile.columns(), false);
    float before = isFloat ? (float) beta : 0;
    long from = 0;
    do { // A product with inner size 0 is one block of size 0.
      long size = Math.min(BLOCK, tile.innerSize() - from);
      Tile part = new Tile(tile.row(), tile.rows(), tile.column(), tile.columns(), tile.inner() + from, size, 0);
      Floats left = widen(product.left(), Block.of(product.left().isTransposed(), part.row(), part.inner(),
          part.rows(), size), leftScratch);
      Floats right = widen(product.right(), Block.of(product.right().isTransposed(), part.inner(), part.column(),
          size, part.columns()), rightScratch);
      library.multiply(part, product.alpha(), left, right, before, result);
      before = 1;
      from += size;
    } while (from < tile.innerSize());
    if (!isFloat) {
      Block block = new Block(tile.row(), tile.column(), Math.toIntExact(tile.rows()), tile.columns());
      Halves.store(resultScratch, beta, into, block);
    }
  }

  private static Floats widen(Operand factor, Block block, MemorySegment scratch) {
    Halves.widen((HostMatrix) factor.matrix(), block, scratch);
    return new Floats(scratch, Math.max(1, block.columns()), factor.isTransposed());
  }

  private static Floats floats(Operand factor, Block block) {
    return floats((HostMatrix) factor.matrix(), block.row(), block.column(), factor.isTransposed());
  }

  private static Floats floats(HostMatrix result, Tile tile) {
    return floats(result, tile.row(), tile.column(), false);
  }

  /** OpenBLAS requires a distance of rows of at least a row, even if there is one row only. */
  private static Floats floats(HostMatrix matrix, long row, int column, boolean isTransposed) {
    long offset = Math.min((row * matrix.rowStride() + column) * Float.BYTES, matrix.segment().byteSize());
    return new Floats(matrix.segment().asSlice(offset), Math.max(matrix.rowStride(), matrix.classes()), isTransposed);
  }

  private void allocate() {
    if (leftScratch.equals(MemorySegment.NULL)) {
      long bytes = (long) BLOCK * BLOCK * Float.BYTES;
      leftScratch = arena.allocate(bytes, ALIGNMENT);
      rightScratch = arena.allocate(bytes, ALIGNMENT);
      resultScratch = arena.allocate(bytes, ALIGNMENT);
    }
  }
}
