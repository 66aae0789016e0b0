package dev.temper.tools.files;

import java.util.List;

/** Walks through an array in C order, the last index fastest, and gives each element's position in Fortran order. */
final class FortranOrder {

  private final long[] sizes;
  private final long[] strides;
  private final long[] index;
  private long position;

  FortranOrder(List<Long> shape) {
    sizes = shape.stream().mapToLong(Long::longValue).toArray();
    strides = new long[sizes.length];
    index = new long[sizes.length];
    long stride = 1;
    for (int d = 0; d < sizes.length; d++) {
      strides[d] = stride;
      stride *= sizes[d];
    }
  }

  /** Whether both orders are the same: at most one dimension has more than one element. */
  static boolean isCOrder(List<Long> shape) {
    return shape.stream().filter(size -> size != 1).count() <= 1;
  }

  /** The position of the next element. */
  long next() {
    long current = position;
    for (int d = sizes.length - 1; d >= 0; d--) {
      position += strides[d];
      if (++index[d] < sizes[d]) {
        break;
      }
      position -= strides[d] * sizes[d];
      index[d] = 0;
    }
    return current;
  }
}
