package dev.temper.internal;

import dev.temper.LossOutputs;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import java.lang.foreign.MemorySegment;

/**
 * Holds a view of one call and its name in messages.
 *
 * @param name name such as {@code student} or {@code row_weights}
 * @param span bytes that the view covers
 */
public record CallTensor(String name, Span span) {

  public static CallTensor of(String name, MatrixView matrix) {
    return new CallTensor(name, Span.of(matrix));
  }

  public static CallTensor of(String name, RowVector vector) {
    return new CallTensor(name, Span.of(vector));
  }

  /** Refuses host memory that is closed or confined to another thread. */
  public void requireReadable() {
    MemorySegment segment = span.segment();
    if (segment == null) {
      return;
    }
    if (!segment.scope().isAlive()) {
      throw new IllegalArgumentException(
          name + " lies in memory whose arena is closed, expected an open one; keep the arena open until the call has "
          + "returned");
    }
    if (!segment.isAccessibleBy(Thread.currentThread())) {
      throw new IllegalArgumentException(name + " lies in memory of another thread's confined arena, expected one that "
          + Thread.currentThread() + " may use; allocate it with Arena.ofShared or call from the thread that owns it");
    }
  }

  /**
   * Refuses memory that cannot be read or written. A native engine would crash when it writes to a file that is mapped
   * read-only.
   */
  public void requireWritable() {
    requireReadable();
    MemorySegment segment = span.segment();
    if (segment != null && segment.isReadOnly()) {
      throw new IllegalArgumentException(
          name + " lies in read-only memory, expected memory that can be written; give it memory of its own");
    }
    if (span.strideBytes() == 0 && span.rowBytes() > 0) {
      throw new IllegalArgumentException(name + " has row stride 0, expected rows apart from each other, because it is"
          + " written; only tensors that are read may repeat one row");
    }
  }

  /** Refuses device memory on an engine that computes in host memory. */
  public void requireHost(String device) {
    if (span.segment() == null) {
      throw new IllegalArgumentException(
          name + " lies in device memory, which engine " + device
          + " cannot read; copy it to the host or open engine cuda");
    }
  }

  /** Refuses an output that shares a byte with another tensor. */
  public void requireDisjoint(CallTensor other) {
    if (span.overlaps(other.span)) {
      String remedy = name.equals("gradient") && (other.name.equals("student") || other.name.equals("student_hidden"))
          ? "give it memory of its own, or replace the input with LossOutputs.gradientInPlace"
          : "give it memory of its own";
      throw new IllegalArgumentException(name + " overlaps " + other.name + " in memory, expected them apart; "
          + remedy);
    }
  }
}
