package dev.temper;

import dev.temper.internal.Shapes;

/**
 * A matrix in the memory of a CUDA device, which its allocator owns; this library never frees it.
 *
 * @param address device address of the first element of row 0, a {@code CUdeviceptr}
 * @param rows rows, 0 or more
 * @param classes columns, 1 or more
 * @param rowStride elements between the beginnings of two rows, at least {@code classes}; or 0 for one row that stands
 *     for all rows of a matrix that is only read
 * @param dtype F32, BF16 or F16
 */
public record DeviceMatrix(long address, long rows, int classes, long rowStride, DType dtype) implements MatrixView {

  /**
   * Checks the shape.
   *
   * @throws IllegalArgumentException if a number is out of range, the dtype is not floating or the address is 0
   */
  public DeviceMatrix {
    Shapes.requireMatrix(rows, classes, rowStride, dtype);
    if (address == 0 && rows > 0) {
      throw new IllegalArgumentException("device address is 0, expected the address of " + rows + " rows");
    }
  }

  @Override
  public DeviceMatrix rows(long from, long to) {
    Shapes.requireRows(from, to, rows);
    return new DeviceMatrix(address + from * rowStride * dtype.bytes(), to - from, classes, rowStride, dtype);
  }

  /** Shape and address, such as {@code [512, 50257] F32 at device address 0x7f2e00000000}. */
  @Override
  public String toString() {
    return describe() + " at device address 0x" + Long.toHexString(address);
  }
}
