package dev.temper.bench;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.RowVector;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Batches of one shape that are used in turn. A ring larger than the last-level cache makes every call read its logits from
 * memory, as a training step does after the forward pass of a model; a ring of one batch leaves small batches in the cache.
 */
public final class BatchRing {

  /** A cache keeps part of what was used last: twice its size leaves nothing. */
  private static final int CACHES = 2;

  private final List<LogitBatch> batches;
  private int next;

  private BatchRing(List<LogitBatch> batches) {
    this.batches = batches;
  }

  /** Batches that together exceed the last-level cache of {@code cacheBytes} twice; one at least. */
  public static BatchRing coldIn(Arena arena, BatchShape shape, DType dtype, long cacheBytes) {
    long needed = CACHES * cacheBytes;
    return of(arena, shape, dtype, Math.toIntExact(Math.max(1, Math.ceilDiv(needed, shape.leastTraffic(dtype)))));
  }

  /** A single batch, used over and over: what the last-level cache can hold of it stays there. */
  public static BatchRing warm(Arena arena, BatchShape shape, DType dtype) {
    return of(arena, shape, dtype, 1);
  }

  private static BatchRing of(Arena arena, BatchShape shape, DType dtype, int count) {
    Logits students = new Logits(1, 2);
    Logits teachers = new Logits(2, 3);
    SplittableRandom labels = new SplittableRandom(3);
    List<LogitBatch> batches = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      HostMatrix student = matrix(arena, shape, dtype);
      HostMatrix teacher = matrix(arena, shape, dtype);
      HostMatrix gradient = matrix(arena, shape, dtype);
      students.fill(student.segment(), dtype);
      teachers.fill(teacher.segment(), dtype);
      gradient.segment().fill((byte) 1);
      MemorySegment labelled = arena.allocate(ValueLayout.JAVA_LONG, shape.rows());
      for (int row = 0; row < shape.rows(); row++) {
        labelled.setAtIndex(ValueLayout.JAVA_LONG, row, labels.nextInt(shape.classes()));
      }
      batches.add(new LogitBatch(student, teacher, gradient, new RowVector.Host(labelled, shape.rows(), DType.I64)));
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

  /** 64 bytes: what allocators of training frameworks align to. */
  private static HostMatrix matrix(Arena arena, BatchShape shape, DType dtype) {
    return HostMatrix.of(arena.allocate(shape.elements() * dtype.bytes(), 64), shape.rows(), shape.classes(), dtype);
  }
}
