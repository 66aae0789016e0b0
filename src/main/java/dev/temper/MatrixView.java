package dev.temper;

/**
 * A view of {@code [rows, classes]} elements in memory that the caller owns: logits, a gradient, log-probabilities.
 * Nothing is copied, and the view never frees the memory.
 *
 * <p>The classes of one row are contiguous; row {@code r} begins {@code r * rowStride} elements after the first one.
 */
public sealed interface MatrixView permits HostMatrix, DeviceMatrix {

  /** Number of rows, one for each token or example; 0 or more. */
  long rows();

  /** Number of columns, padding included; 1 or more. */
  int classes();

  /**
   * Distance between the beginnings of two rows, in elements; at least {@link #classes()}. It is 0 if one row stands
   * for all rows of an input.
   */
  long rowStride();

  /** Element type: F32, BF16 or F16. */
  DType dtype();

  /**
   * The rows from {@code from} up to, not including, {@code to}, in the same memory.
   *
   * @throws IllegalArgumentException unless {@code 0 <= from <= to <= rows()}
   */
  MatrixView rows(long from, long to);

  /**
   * Bytes from the first element to the end of the last one:
   * {@code ((rows - 1) * rowStride + classes) * dtype.bytes()}.
   */
  default long byteSize() {
    return rows() == 0 ? 0
        : Math.multiplyExact(Math.addExact(Math.multiplyExact(rows() - 1, rowStride()), classes()), (long) dtype()
        .bytes());
  }

  /** Shape, dtype and layout in one phrase for messages, such as {@code [512, 50257] F32}. */
  default String describe() {
    String shape = "[" + rows() + ", " + classes() + "] " + dtype();
    return rowStride() == classes() ? shape : shape + " with row stride " + rowStride();
  }
}
