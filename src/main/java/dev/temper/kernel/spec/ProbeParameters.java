package dev.temper.kernel.spec;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.List;

/**
 * The struct that the probe kernel takes by value: {@code temper::ProbeParameters}.
 *
 * @param input address of the words that are read
 * @param output address of the words that are written
 * @param count items, rounds or words, depending on the operation
 * @param operation the device function
 */
public record ProbeParameters(long input, long output, long count, Operation operation) {

  /** Names, types and order as in C++. */
  public static final StructLayout LAYOUT = MemoryLayout.structLayout(JAVA_LONG.withName("input"),
      JAVA_LONG.withName("output"), JAVA_LONG.withName("count"), JAVA_INT.withName("operation"),
      JAVA_INT.withName("reserved"));

  private static final long OPERATION = LAYOUT.byteOffset(PathElement.groupElement("operation"));

  /** Operations in the order of the enumerators in {@code kernels/parameters.h}. */
  public enum Operation {
    EXP2, WIDEN_F16, WIDEN_BF16, NARROW_F16, NARROW_BF16, WORDS2, WORDS4, WORDS8, ASYNC_COPY8, ASYNC_COPY16,
        SHARED_MEMORY,
    CLUSTER_EXCHANGE1, EXP2_NORMAL, MAX_F16, MAX_BF16, CLUSTER_EXCHANGE2, CLUSTER_EXCHANGE4,
    LOG2_NORMAL, RECIPROCAL, WARP_MAX, FUNNEL_SHIFT, RING, RING_BY_GRANULES
  }

  /** Fills a block of {@link #LAYOUT}. */
  public void write(MemorySegment block) {
    long[] words = {input, output, count};
    MemorySegment.copy(words, 0, block, JAVA_LONG, 0, words.length);
    block.set(JAVA_INT, OPERATION, List.of(Operation.values()).indexOf(operation));
  }
}
