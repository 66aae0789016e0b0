package dev.temper.io;

import dev.temper.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tensor in memory: elements in C order, little-endian, without gaps.
 *
 * @param name its name
 * @param dtype element type
 * @param shape sizes of its dimensions; empty for a scalar
 * @param data exactly its bytes, at any alignment; a tensor of an open file is read-only and valid until the file is
 *     closed
 */
public record Tensor(String name, DType dtype, List<Long> shape, MemorySegment data) {

  /**
   * Checks shape and size.
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

  /** Number of elements; 1 for a scalar. */
  public long elements() {
    return TensorInfo.elements(shape);
  }

  /** Shape and type in one phrase, such as {@code [512, 50257] BF16}. */
  public String describe() {
    return shape + " " + dtype;
  }
}
