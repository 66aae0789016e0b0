package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import java.util.ArrayList;
import java.util.List;

/**
 * Batches of one shape, used in rotation. If the ring is larger than the last-level cache, every call reads its logits
 * from memory, like a training step after the forward pass of a model. A small batch in a ring of one stays in the
 * cache.
 */
public final class BatchRing {

  /** Size of a ring as a multiple of the cache size. It evicts a batch from the cache before its next use. */
  private static final int CACHES = 2;
  /**
   * The most batches of a ring. Batches below 64 KiB therefore stay in a cache of 32 MiB, but the overhead of a call
   * exceeds their memory traffic anyway.
   */
  private static final int AT_MOST = 1024;

  private final List<LogitBatch> batches;
  private int next;

  private BatchRing(List<LogitBatch> batches) {
    this.batches = batches;
  }

  /**
   * Returns 1 to 1,024 batches whose losses and gradients together move twice {@code cacheBytes}, the size of the
   * last-level cache.
   */
  public static BatchRing coldIn(BatchMemory memory, BatchShape shape, DType dtype, long cacheBytes) {
    return coldIn(memory, shape, dtype, cacheBytes, shape.leastTraffic(dtype));
  }

  /**
   * Returns 1 to 1,024 batches that together move twice {@code cacheBytes}, if one call moves {@code traffic} bytes.
   */
  static BatchRing coldIn(BatchMemory memory, BatchShape shape, DType dtype, long cacheBytes, long traffic) {
    return of(memory, shape, dtype,
        Math.toIntExact(Math.clamp(Math.ceilDiv(CACHES * cacheBytes, traffic), 1, AT_MOST)));
  }

  /** A single batch, which stays in the last-level cache as far as it fits. */
  public static BatchRing warm(BatchMemory memory, BatchShape shape, DType dtype) {
    return of(memory, shape, dtype, 1);
  }

  private static BatchRing of(BatchMemory memory, BatchShape shape, DType dtype, int count) {
    List<LogitBatch> batches = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int batch = i;
      MatrixView student = memory.matrix(shape, dtype,
          (part, first) -> GeneratedLogits.STUDENT.fill(part, dtype, batch, first));
      MatrixView teacher = memory.matrix(shape, dtype,
          (part, first) -> GeneratedLogits.TEACHER.fill(part, dtype, batch, first));
      MatrixView gradient = memory.copy(student);
      RowVector labels = memory.labels(shape.rows(),
          (part, first) -> GeneratedLogits.fillLabels(part, batch, first, shape.classes()));
      batches.add(new LogitBatch(student, teacher, gradient, labels));
    }
    return new BatchRing(batches);
  }

  /** The next batch. */
  public LogitBatch next() {
    LogitBatch batch = batches.get(next);
    next = next + 1 == batches.size() ? 0 : next + 1;
    return batch;
  }

  /** Number of batches. */
  public int size() {
    return batches.size();
  }

  /** All batches, in the order of use. */
  public List<LogitBatch> batches() {
    return List.copyOf(batches);
  }
}
