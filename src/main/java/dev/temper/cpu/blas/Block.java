package dev.temper.cpu.blas;

/** A part of a matrix: its first row and column, and its size. */
record Block(long row, int column, int rows, int columns) {

  /** Returns a block of the factor of a product as it lies in memory. */
  static Block of(boolean isTransposed, long row, long column, int rows, int columns) {
    return isTransposed ? new Block(column, Math.toIntExact(row), columns, rows)
        : new Block(row, Math.toIntExact(column), rows, columns);
  }
}
