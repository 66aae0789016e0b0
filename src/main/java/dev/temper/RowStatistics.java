package dev.temper;

import org.jspecify.annotations.Nullable;

/**
 * The values that a forward call saves of each row, so that {@link LossEngine#backward} need not compute them again: 64
 * bytes a row, in the memory of the engine that {@linkplain LossEngine#allocateStatistics allocated} them. They may be
 * reused, also by {@link LossEngine#prepare}; each forward call replaces the saved values. Saving does not wait for the
 * device.
 *
 * {@snippet :
 * try (RowStatistics statistics = engine.allocateStatistics(rows)) {
 *   LossResult result = engine.forward(loss, inputs, LossOutputs.none().withStatistics(statistics));
 *   engine.backward(loss, inputs, statistics, LossOutputs.gradient(gradient));
 * }
 * }
 *
 * <p>A backward call must have the engine, the loss, the shapes and the optional inputs of the forward call, and is
 * refused if one of them differs. The values of the inputs are not compared. One call at a time may use the statistics.
 */
public final class RowStatistics implements AutoCloseable {

  private final LossEngine engine;
  private final MatrixView memory;
  private final @Nullable DeviceBuffer buffer;
  private volatile @Nullable CallIdentity saved;
  private volatile boolean closed;

  /** Statistics over memory of an engine; {@code buffer} is closed with them. */
  RowStatistics(LossEngine engine, MatrixView memory, @Nullable DeviceBuffer buffer) {
    this.engine = engine;
    this.memory = memory;
    this.buffer = buffer;
  }

  /** Number of rows. */
  public long rows() {
    return memory.rows();
  }

  /** Frees the memory; later calls with these statistics are refused. Closing twice is allowed. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      saved = null;
      if (buffer != null) {
        buffer.close();
      }
    }
  }

  /** Number of rows, and whether a forward call has filled them. */
  @Override
  public String toString() {
    return "statistics of " + rows() + " rows on " + engine.device() + (closed ? ", closed" : saved == null ? ", empty"
        : "");
  }

  /**
   * Returns the memory for a call of an engine.
   *
   * @throws IllegalArgumentException if these statistics are closed, or belong to another engine or to another number
   *     of rows
   */
  MatrixView memoryFor(LossEngine caller, long rows) {
    if (closed) {
      throw new IllegalArgumentException("statistics are closed, expected open ones; allocate others with "
          + "allocateStatistics");
    }
    if (caller != engine) {
      throw new IllegalArgumentException("statistics belong to another engine (" + engine.device()
          + "), expected those of this one ("
          + caller.device() + "); allocate them with its allocateStatistics");
    }
    if (rows() != rows) {
      throw new IllegalArgumentException(
          "statistics have " + rows() + " rows, expected the student's " + rows
          + "; allocate statistics for that many");
    }
    return memory;
  }

  /** Marks the statistics as empty before a forward call writes, so that a failed call leaves nothing to read. */
  void clear() {
    saved = null;
  }

  /** Stores the identity of the forward call that has written. */
  void written(CallIdentity call) {
    saved = call;
  }

  /**
   * Checks that a forward call like this backward call has written.
   *
   * @throws IllegalArgumentException if a property differs; the message names the first one
   */
  void requireSaved(CallIdentity call) {
    CallIdentity found = saved;
    if (found == null) {
      throw new IllegalArgumentException("statistics are empty, expected those of a forward call; call forward with "
          + "LossOutputs.none().withStatistics(statistics) first");
    }
    if (found.equals(call)) {
      return;
    }
    String different = call.differenceFrom(found);
    throw new IllegalArgumentException("statistics were saved by a forward call whose " + different + " was "
        + found.properties().get(different) + ", but here it is " + call.properties().get(different)
        + "; call forward and backward with the same loss and inputs");
  }
}
