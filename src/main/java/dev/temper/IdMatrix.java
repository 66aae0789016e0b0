package dev.temper;

import java.lang.foreign.MemorySegment;

/**
 * The listed classes of each row, {@code [rows, k]} I32 without gaps between the rows, in memory that the caller owns.
 * A slot with the value -1 is unused.
 *
 * @param values {@code rows * k} I32, row after row
 * @param rows rows, 0 or more
 * @param k slots of a row, 1 to 256
 */
public record IdMatrix(RowVector values, long rows, int k) {

  /**
   * Checks shape and dtype.
   *
   * @throws LossArgumentException if k or the number of values does not fit, or the dtype is not I32
   */
  public IdMatrix {
    TeacherShapes.checkIds(values, rows, k);
  }

  /** Returns a matrix in an array of exactly {@code rows * k} ids, which is used in place. */
  public static IdMatrix of(int[] ids, long rows, int k) {
    return new IdMatrix(RowVector.labels(ids), rows, k);
  }

  /** Returns a matrix in host memory of exactly {@code rows * k} I32, at any alignment. */
  public static IdMatrix of(MemorySegment ids, long rows, int k) {
    return new IdMatrix(RowVector.labels(ids, rows * k, DType.I32), rows, k);
  }

  /** Returns a matrix in device memory that another library owns. The address is that of the first id. */
  public static IdMatrix at(long address, long rows, int k) {
    return new IdMatrix(RowVector.labelsAt(address, rows * k, DType.I32), rows, k);
  }

  /**
   * The rows from {@code from} up to, not including, {@code to}, in the same memory.
   *
   * @throws IllegalArgumentException unless {@code 0 <= from <= to <= rows()}
   */
  public IdMatrix rows(long from, long to) {
    return new IdMatrix(values.rows(from * k, to * k), to - from, k);
  }

  /** Shape and memory, such as {@code [512, 64] I32 in host memory}. */
  @Override
  public String toString() {
    return "[" + rows + ", " + k + "] I32 " + (values instanceof RowVector.Host ? "in host memory" : "on the device");
  }
}
