package dev.temper.tools.files;

import dev.temper.io.MappedFile;
import dev.temper.io.Quoted;
import dev.temper.io.Tensor;
import dev.temper.io.TensorInfo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Converts the tensors of one file, each once, and owns the memory of the converted tensors. */
final class Conversions implements AutoCloseable {

  private static final int ALIGNMENT = 64;

  private final Path path;
  private final Arena arena = Arena.ofShared();
  private final Map<String, Tensor> converted = new HashMap<>();
  private final List<String> phrases = new ArrayList<>();

  Conversions(Path path) {
    this.path = path;
  }

  /** {@link InputFile#conversions()}. */
  List<String> phrases() {
    return List.copyOf(phrases);
  }

  /**
   * Returns a tensor over its stored bytes, or a converted copy.
   *
   * @throws IllegalArgumentException if the type is not supported or a value does not fit; the message is the end of a
   *     sentence about the tensor
   * @throws IOException if the file became shorter while it was read
   */
  Tensor tensor(TensorInfo info, boolean fortranOrder, MemorySegment stored) throws IOException {
    StoredType type = StoredType.of(info);
    boolean rearranged = fortranOrder && !FortranOrder.isCOrder(info.shape());
    if (type.isKept() && !rearranged) {
      return new Tensor(info.name(), type.becomes(), info.shape(), stored);
    }
    Tensor known = converted.get(info.name());
    if (known != null) {
      return known;
    }
    Tensor tensor = new Tensor(info.name(), type.becomes(), info.shape(), convert(info, type, rearranged, stored));
    converted.put(info.name(), tensor);
    List<String> changes = new ArrayList<>();
    if (!type.isKept()) {
      changes.add("from " + info.dtypeName() + " to " + type.becomes());
    }
    if (rearranged) {
      changes.add("from Fortran to C order");
    }
    phrases.add(Quoted.of(info.name()) + " " + String.join(" and ", changes));
    return tensor;
  }

  private MemorySegment convert(TensorInfo info, StoredType type, boolean rearranged, MemorySegment stored)
      throws IOException {
    MemorySegment result = arena.allocate(info.elements() * type.becomes().bytes(), ALIGNMENT);
    FortranOrder order = new FortranOrder(info.shape());
    long element = 0;
    try {
      for (; element < info.elements(); element++) {
        type.copy(stored, rearranged ? order.next() : element, result, element);
      }
      return result;
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("holds " + e.getMessage() + " at "
          + Arrays.toString(index(info.shape(), element)) + ", beyond the range of " + type.becomes()
          + "; mask classes with -Infinity, or clip the values", e);
    } catch (InternalError e) {
      throw MappedFile.shortened(path, e);
    }
  }

  private static long[] index(List<Long> shape, long element) {
    long[] index = new long[shape.size()];
    for (int d = index.length - 1; d >= 0; d--) {
      index[d] = element % shape.get(d);
      element /= shape.get(d);
    }
    return index;
  }

  @Override
  public void close() {
    arena.close();
  }
}
