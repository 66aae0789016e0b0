package dev.temper.internal;

import dev.temper.DType;
import java.lang.foreign.MemorySegment;
import java.nio.Buffer;
import java.nio.ByteOrder;

/** Checks that host memory holds the elements of a view. */
public final class HostMemory {

  private HostMemory() {}

  /**
   * Returns the memory between position and limit of a buffer.
   *
   * @throws IllegalArgumentException if the buffer's byte order is not the processor's
   */
  public static MemorySegment of(Buffer buffer, ByteOrder order) {
    if (order != ByteOrder.nativeOrder()) {
      throw new IllegalArgumentException("buffer has byte order " + order + ", expected " + ByteOrder.nativeOrder()
          + "; call order(ByteOrder.nativeOrder()) on the byte buffer, before a view of another type is made of it");
    }
    return MemorySegment.ofBuffer(buffer);
  }

  /**
   * Checks that a Java array behind a segment has elements of the dtype, or bytes. Native memory has no element type,
   * and a read-only array shows only the width of its elements.
   *
   * @throws IllegalArgumentException if the array has other elements
   */
  public static void requireElements(MemorySegment segment, DType dtype) {
    if (segment.isNative()) {
      return;
    }
    Object array = segment.heapBase().orElse(null);
    if (array == null) {
      if (segment.maxByteAlignment() > dtype.bytes()) {
        throw otherElements("an array of elements of " + segment.maxByteAlignment() + " bytes", dtype);
      }
      return;
    }
    boolean fits = array instanceof byte[] || switch (dtype) {
      case F32 -> array instanceof float[];
      case BF16, F16 -> array instanceof short[];
      case I32 -> array instanceof int[];
      case I64 -> array instanceof long[];
    };
    if (!fits) {
      throw otherElements("a " + array.getClass().getSimpleName(), dtype);
    }
  }

  /**
   * Checks that an array or a buffer has exactly one element for each element of a matrix.
   *
   * @param memory kind of memory in the message, such as {@code array}
   * @param dtype floating type of the elements
   * @throws IllegalArgumentException if a number is out of range, the dtype is not floating, or the length differs
   */
  public static void requireLength(String memory, long length, long rows, int classes, DType dtype) {
    Shapes.requireMatrix(rows, classes, classes, dtype);
    if (length != rows * classes) {
      throw new IllegalArgumentException(memory + " has " + length + " elements, expected " + rows * classes
          + " for rows " + rows + " x classes " + classes + " of " + dtype);
    }
  }

  /**
   * Checks that a segment has exactly the size of a view without gaps. A longer segment often holds elements of another
   * type.
   *
   * @throws IllegalArgumentException if the segment is shorter or longer
   */
  public static void requireExactly(MemorySegment segment, long bytes, String view, DType dtype) {
    Shapes.requireBytes(segment.byteSize(), bytes, view);
    if (segment.byteSize() > bytes) {
      boolean doubled = segment.byteSize() == 2 * bytes && bytes > 0;
      throw new IllegalArgumentException("segment of " + segment.byteSize() + " bytes is longer than " + view
          + ", which needs "
          + bytes + "; " + (doubled ? "if its elements are twice as wide as " + dtype + ", convert them, else " : "")
          + "pass the part that holds the elements: segment.asSlice(0, " + bytes + ")");
    }
  }

  private static IllegalArgumentException otherElements(String found, DType dtype) {
    String expected = switch (dtype) {
      case F32 -> "float[]";
      case BF16, F16 -> "short[]";
      case I32 -> "int[]";
      case I64 -> "long[]";
    };
    return new IllegalArgumentException("memory is " + found + ", expected a " + expected + " or byte[] for " + dtype
        + "; convert the values, or name the dtype that they have");
  }
}
