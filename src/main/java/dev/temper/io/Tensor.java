package dev.temper.io;

import dev.temper.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Holds a tensor in memory. Its elements are little-endian and in C order without gaps.
 *
 * @param name tensor name
 * @param dtype element type
 * @param shape sizes of the dimensions; empty for a scalar
 * @param data exactly the bytes of the elements, at any alignment; a tensor of an open file is read-only and valid
 *     until the file is closed
 */
public record Tensor(String name, DType dtype, List<Long> shape, MemorySegment data) {

  /**
   * Creates a tensor.
   *
   * @throws IllegalArgumentException if the segment does not hold exactly the elements of the shape
   */
  public Tensor {
    shape = List.copyOf(shape);
    long elements = TensorInfo.elements(shape);
    if (data.byteSize() % dtype.bytes() != 0 || data.byteSize() / dtype.bytes() != elements) {
      throw new IllegalArgumentException("tensor " + Quoted.of(name) + ": segment of " + data.byteSize()
          + " bytes, expected " + shape + " of " + dtype);
    }
  }

  /** Returns the number of elements, which is 1 for a scalar. */
  public long elements() {
    return TensorInfo.elements(shape);
  }

  /** Returns shape and type, such as {@code [512, 50257] BF16}. */
  public String describe() {
    return shape + " " + dtype;
  }
}
