package dev.temper.tools.files;

import dev.temper.DType;
import dev.temper.io.SafetensorsWriter;
import dev.temper.io.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** A process that writes a file of 8 MB without end, each time with another number in all of its elements. */
final class OutputWriter {

  static final int ELEMENTS = 2_000_000;

  private OutputWriter() {}

  /** The file is the only argument. */
  public static void main(String[] arguments) throws IOException {
    for (int number = 1; ; number++) {
      write(Path.of(arguments[0]), number);
      System.out.print('.');
      System.out.flush();
    }
  }

  static void write(Path file, int number) throws IOException {
    int[] elements = new int[ELEMENTS];
    Arrays.fill(elements, number);
    MemorySegment data = MemorySegment.ofArray(elements);
    SafetensorsWriter.write(file, List.of(new Tensor("x", DType.I32, List.of((long) ELEMENTS), data)));
  }
}
