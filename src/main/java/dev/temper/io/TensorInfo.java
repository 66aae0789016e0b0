package dev.temper.io;

import dev.temper.DType;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Describes a tensor of a file.
 *
 * @param name tensor name
 * @param dtypeName element type in the spelling of the file, such as {@code BF16} or {@code <f8}; the type may be
 *     unsupported
 * @param shape sizes of the dimensions, each 0 or more; empty for a scalar
 */
public record TensorInfo(String name, String dtypeName, List<Long> shape) {

  /** The greatest number of dimensions of a tensor, as in NumPy. */
  static final int MAX_RANK = 64;

  private static final Map<String, DType> SUPPORTED = Map.of(
      "F32", DType.F32, "F16", DType.F16, "BF16", DType.BF16, "I32", DType.I32, "I64", DType.I64,
      "<f4", DType.F32, "<f2", DType.F16, "<i4", DType.I32, "<i8", DType.I64);

  /**
   * Creates a description.
   *
   * @throws IllegalArgumentException if a size is negative, or the product of the sizes is beyond 2^63
   */
  public TensorInfo {
    shape = List.copyOf(shape);
    elements(shape);
  }

  /** Returns the element type, or empty if it is not supported. */
  public Optional<DType> dtype() {
    return Optional.ofNullable(SUPPORTED.get(dtypeName));
  }

  /**
   * Returns the element type.
   *
   * @throws IllegalArgumentException if the element type is not supported
   */
  public DType usableDType() {
    return dtype().orElseThrow(() -> new IllegalArgumentException("has dtype " + Quoted.of(dtypeName)
        + ", which cannot be used here; convert it to F32, F16 or BF16 (labels: I32 or I64)"));
  }

  /** Returns the number of elements, which is 1 for a scalar. */
  public long elements() {
    return elements(shape);
  }

  /** Returns shape and type, such as {@code [512, 50257] BF16}. */
  public String describe() {
    return shape + " " + dtypeName;
  }

  static long elements(List<Long> shape) {
    if (shape.size() > MAX_RANK) {
      throw new IllegalArgumentException("shape has " + shape.size() + " dimensions, expected at most " + MAX_RANK);
    }
    long elements = 1;
    for (long size : shape) {
      if (size < 0) {
        throw new IllegalArgumentException("shape " + shape + " has a negative size");
      }
      try {
        elements = Math.multiplyExact(elements, size);
      } catch (ArithmeticException e) {
        throw new IllegalArgumentException("shape " + shape + " has more than 2^63 elements", e);
      }
    }
    return elements;
  }
}
