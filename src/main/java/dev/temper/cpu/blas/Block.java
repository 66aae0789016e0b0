package dev.temper.cpu.blas;

/** A rectangular part of a matrix as it lies in memory. */
record Block(long row, int column, int rows, int columns) {

  /** Returns the block of a matrix that is a part of the factor of a product. */
  static Block of(boolean isTransposed, long row, long column, long rows, long columns) {
    return isTransposed ? new Block(column, Math.toIntExact(row), Math.toIntExact(columns), Math.toIntExact(rows))
        : new Block(row, Math.toIntExact(column), Math.toIntExact(rows), Math.toIntExact(columns));
  }
}
