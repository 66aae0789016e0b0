package dev.temper;

/**
 * A view of {@code [rows, classes]} logits, or of something of that shape (gradient, log-probabilities, row statistics), in
 * memory that the caller owns. Nothing is copied; the view never frees anything.
 *
 * <p>The classes of one row are contiguous; row {@code r} begins {@code r * rowStride} elements after the first one.
 */
public sealed interface LogitMatrix permits HostMatrix, DeviceMatrix {

  /** Number of rows: one token or one example each; at least 0. */
  long rows();

  /** Number of columns, padding included; at least 1. */
  int classes();

  /** Distance between the beginnings of two rows, in elements; at least {@link #classes()}. */
  long rowStride();

  /** Element type: F32, BF16 or F16. */
  DType dtype();

  /** Bytes from the first element to the end of the last one: {@code ((rows - 1) * rowStride + classes) * dtype.bytes}. */
  default long byteSize() {
    return rows() == 0 ? 0 : Math.multiplyExact(Math.addExact(Math.multiplyExact(rows() - 1, rowStride()), classes()), (long) dtype().bytes());
  }

  /** Shape and layout in one phrase for messages, such as {@code [512, 50257] F32}. */
  default String describe() {
    String shape = "[" + rows() + ", " + classes() + "] " + dtype();
    return rowStride() == classes() ? shape : shape + " with row stride " + rowStride();
  }
}
