package dev.temper.cpu.blas;

import java.util.ArrayList;
import java.util.List;

/**
 * A part of a product that one thread computes. The parts depend on the shape alone, so that the number of threads does
 * not change a bit of the result.
 *
 * @param row first row of the result
 * @param column first column of the result
 * @param inner first index of the sum
 * @param lane number of the partial sum; the result is the sum of all lanes
 */
record Tile(long row, long rows, int column, int columns, long inner, long innerSize, int lane) {

  /** Most lanes of a product whose inner size is much larger than its result. */
  static final int LANES = 16;

  private static final long SMALL_PRODUCT = 1L << 20;
  private static final long MOST_PARTIAL_ELEMENTS = 1L << 24;
  private static final int TILES = 32;
  private static final int LEAST = 256;
  private static final int MOST = 1024;
  private static final int MULTIPLE = 64;

  /** Returns the tiles of a product that is not empty. */
  static List<Tile> of(long rows, int columns, long inner) {
    Tile whole = new Tile(0, rows, 0, columns, 0, inner, 0);
    if (rows * columns * inner <= SMALL_PRODUCT) {
      return List.of(whole);
    }
    List<Tile> tiles = new ArrayList<>();
    if (inner > 4 * Math.max(rows, columns) && rows * columns * LANES <= MOST_PARTIAL_ELEMENTS) {
      long size = Math.max(LEAST, rounded((inner + LANES - 1) / LANES));
      for (long from = 0; from < inner; from += size) {
        tiles.add(new Tile(0, rows, 0, columns, from, Math.min(size, inner - from), tiles.size()));
      }
    } else if (columns >= rows) {
      int size = (int) size(columns);
      for (int from = 0; from < columns; from += size) {
        tiles.add(new Tile(0, rows, from, Math.min(size, columns - from), 0, inner, 0));
      }
    } else {
      long size = size(rows);
      for (long from = 0; from < rows; from += size) {
        tiles.add(new Tile(from, Math.min(size, rows - from), 0, columns, 0, inner, 0));
      }
    }
    return tiles;
  }

  private static long size(long length) {
    return Math.clamp(rounded((length + TILES - 1) / TILES), LEAST, MOST);
  }

  private static long rounded(long size) {
    return (size + MULTIPLE - 1) / MULTIPLE * MULTIPLE;
  }
}
