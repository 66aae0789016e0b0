package dev.temper;

import java.lang.foreign.MemorySegment;

/**
 * Memory of a device. {@link #close()} frees it, and views of it are invalid from then on; closing the engine frees it
 * too. Copies happen in the order of the engine's launches.
 */
public interface DeviceBuffer extends AutoCloseable {

  /** Device address of the first byte, a multiple of 256. */
  long address();

  /** Size in bytes. */
  long byteSize();

  /**
   * Copies from host memory to the beginning of the buffer; {@code from} may change as soon as this returns.
   *
   * @throws IllegalArgumentException if {@code from} is larger than the buffer
   */
  default void upload(MemorySegment from) {
    upload(0, from);
  }

  /**
   * Copies from host memory to a part of the buffer; {@code from} may change as soon as this returns.
   *
   * @param offset bytes from the beginning of the buffer to the part
   * @throws IllegalArgumentException if {@code offset} is negative, or the part ends beyond the buffer
   */
  void upload(long offset, MemorySegment from);

  /**
   * Waits for all launches before this call, then copies the beginning of the buffer to host memory.
   *
   * @throws IllegalArgumentException if {@code to} is larger than the buffer
   */
  default void download(MemorySegment to) {
    download(0, to);
  }

  /**
   * Waits for all launches before this call, then copies a part of the buffer to host memory.
   *
   * @param offset bytes from the beginning of the buffer to the part
   * @throws IllegalArgumentException if {@code offset} is negative, or the part ends beyond the buffer
   */
  void download(long offset, MemorySegment to);

  /**
   * Copies the content of another buffer of the same engine to the beginning of this one. The call does not wait for
   * the device.
   *
   * @throws IllegalArgumentException if the other buffer is larger
   */
  void copyFrom(DeviceBuffer other);

  /** The beginning of the buffer as a matrix whose rows follow one another without a gap. */
  default DeviceMatrix matrix(long rows, int classes, DType dtype) {
    long bytes = Math.multiplyExact(Math.multiplyExact(rows, (long) classes), (long) dtype.bytes());
    requireBytes(bytes, "[" + rows + ", " + classes + "] " + dtype);
    return new DeviceMatrix(address(), rows, classes, classes, dtype);
  }

  /** The beginning of the buffer as labels, I32 or I64; also what {@link LossEngine#argmax} writes. */
  default RowVector labels(long length, DType dtype) {
    requireVector(length, dtype);
    return RowVector.labelsAt(address(), length, dtype);
  }

  /** The beginning of the buffer as row weights, F32. */
  default RowVector weights(long length) {
    requireVector(length, DType.F32);
    return RowVector.weightsAt(address(), length);
  }

  /** The beginning of the buffer as row temperatures, F32. */
  default RowVector temperatures(long length) {
    requireVector(length, DType.F32);
    return RowVector.temperaturesAt(address(), length);
  }

  /** The beginning of the buffer as the place of row losses, F32. */
  default RowVector losses(long length) {
    requireVector(length, DType.F32);
    return RowVector.lossesAt(address(), length);
  }

  @Override
  void close();

  private void requireVector(long length, DType dtype) {
    requireBytes(Math.multiplyExact(length, (long) dtype.bytes()), "[" + length + "] " + dtype);
  }

  private void requireBytes(long needed, String view) {
    if (needed > byteSize()) {
      throw new IllegalArgumentException(
          "device buffer of " + byteSize() + " bytes is too small for " + view + ", expected " + needed
          + "; allocate more");
    }
  }
}
