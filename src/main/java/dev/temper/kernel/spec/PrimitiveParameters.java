package dev.temper.kernel.spec;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * The struct that softmax, log-softmax and argmax take by value: {@code temper::PrimitiveParameters}.
 *
 * @param input address of the logits, as the kernel sees it
 * @param upstream address of the gradient by the log-probabilities, or 0
 * @param output address of what is written
 * @param rows number of rows
 * @param inputStride elements from the beginning of one row to the next
 * @param upstreamStride elements from the beginning of one row to the next
 * @param outputStride elements from the beginning of one row to the next
 * @param classes columns
 * @param outputWidth columns of the output; zeros are written behind the first {@code classes}
 * @param temperature T
 * @param indexBytes bytes of an index of argmax, 4 or 8
 */
public record PrimitiveParameters(long input, long upstream, long output, long rows, long inputStride,
    long upstreamStride,
    long outputStride, int classes, int outputWidth, double temperature, int indexBytes) {

  /** Names, types and order as in C++. */
  public static final StructLayout LAYOUT = new Struct()
      .add(JAVA_LONG, "input", "upstream", "output", "rows", "input_stride", "upstream_stride", "output_stride")
      .add(JAVA_INT, "classes", "output_width")
      .add(JAVA_FLOAT, "temperature")
      .add(JAVA_INT, "index_bytes")
      .build();

  private static final long CLASSES = Struct.offset(LAYOUT, "classes");
  private static final long OUTPUT_WIDTH = Struct.offset(LAYOUT, "output_width");
  private static final long INDEX_BYTES = Struct.offset(LAYOUT, "index_bytes");
  private static final long TEMPERATURE = Struct.offset(LAYOUT, "temperature");

  /** Fills a block of {@link #LAYOUT}. */
  public void write(MemorySegment block) {
    long[] words = {input, upstream, output, rows, inputStride, upstreamStride, outputStride};
    MemorySegment.copy(words, 0, block, JAVA_LONG, 0, words.length);
    block.set(JAVA_INT, INDEX_BYTES, indexBytes);
    block.set(JAVA_INT, CLASSES, classes);
    block.set(JAVA_INT, OUTPUT_WIDTH, outputWidth);
    block.set(JAVA_FLOAT, TEMPERATURE, (float) temperature);
  }
}
