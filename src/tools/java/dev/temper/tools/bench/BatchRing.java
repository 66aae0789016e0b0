package dev.temper.tools.bench;

import dev.temper.DType;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import java.util.ArrayList;
import java.util.List;

/**
 * Batches of one shape that are used in turn. A ring larger than the last-level cache makes every call read its logits from
 * memory, as a training step does after the forward pass of a model; a ring of one batch leaves small batches in the cache.
 */
public final class BatchRing {

  /** A cache keeps part of what was used last: twice its size leaves nothing. */
  private static final int CACHES = 2;
  /** Batches of less than 64 KiB stay in a cache of 32 MiB: there a call costs more than its bytes. */
  private static final int AT_MOST = 1024;

  private final List<LogitBatch> batches;
  private int next;

  private BatchRing(List<LogitBatch> batches) {
    this.batches = batches;
  }

  /** Batches whose loss and gradient together move twice the last-level cache of {@code cacheBytes}; 1 to 1,024. */
  public static BatchRing coldIn(BatchMemory memory, BatchShape shape, DType dtype, long cacheBytes) {
    return coldIn(memory, shape, dtype, cacheBytes, shape.leastTraffic(dtype));
  }

  /** Batches of which a call moves {@code traffic} bytes, enough to exceed twice a cache; 1 to 1,024. */
  static BatchRing coldIn(BatchMemory memory, BatchShape shape, DType dtype, long cacheBytes, long traffic) {
    return of(memory, shape, dtype, Math.toIntExact(Math.clamp(Math.ceilDiv(CACHES * cacheBytes, traffic), 1, AT_MOST)));
  }

  /** A single batch, used over and over: what the last-level cache can hold of it stays there. */
  public static BatchRing warm(BatchMemory memory, BatchShape shape, DType dtype) {
    return of(memory, shape, dtype, 1);
  }

  private static BatchRing of(BatchMemory memory, BatchShape shape, DType dtype, int count) {
    List<LogitBatch> batches = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int batch = i;
      MatrixView student = memory.matrix(shape, dtype, (part, first) -> Logits.STUDENT.fill(part, dtype, batch, first));
      MatrixView teacher = memory.matrix(shape, dtype, (part, first) -> Logits.TEACHER.fill(part, dtype, batch, first));
      MatrixView gradient = memory.copy(student);
      RowVector labels = memory.labels(shape.rows(), (part, first) -> Logits.fillLabels(part, batch, first, shape.classes()));
      batches.add(new LogitBatch(student, teacher, gradient, labels));
    }
    return new BatchRing(batches);
  }

  /** The next batch in turn. */
  public LogitBatch next() {
    LogitBatch batch = batches.get(next);
    next = next + 1 == batches.size() ? 0 : next + 1;
    return batch;
  }

  /** Number of batches. */
  public int size() {
    return batches.size();
  }

  /** All of them, in the order of use. */
  public List<LogitBatch> batches() {
    return List.copyOf(batches);
  }
}
