package dev.temper.spi;

import dev.temper.Denominator;
import dev.temper.LossResult;
import dev.temper.RowVector;
import java.util.Optional;

/**
 * Computes the loss of a batch in chunks of its rows: one check of all rows, the row losses of each chunk, one sum of
 * the totals. The linear head computes the logits of a chunk before its row losses, and the products with their
 * gradient afterwards.
 *
 * <p>For each batch the methods are called in the order {@link #begin}, {@link #check}, {@link FactorsInMemory#submit},
 * {@link Chunk#run} of each chunk, {@link #totals}. A chunk may be prepared at any time after {@link #begin}. The
 * divisors and the largest weight exist after the check, and a recorded graph needs neither. A recorded graph runs the
 * check, the factors, the chunks and the totals of one batch several times. One thread at a time may call an instance.
 */
public interface ChunkedLoss extends AutoCloseable {

  /**
   * The factors of a batch in the memory of the device, which a recorded graph computes again at each replay. If a
   * value of the batch is invalid, the products leave their results as they are.
   */
  interface FactorsInMemory {
    /**
     * Submits their computation, between the check and the first chunk.
     *
     * @param power a power of 2 by which the products multiply and each chunk divides
     */
    void submit(double power);

    /**
     * Returns the scalars of the products back, [3] F32, as {@link Products} takes them. Alpha includes the gradient
     * scale.
     */
    RowVector.Device products();

    /** Returns the divisor of the soft part that remains in the gradient of a chunk. */
    Denominator soft();

    /** Returns the divisor of the hard part that remains in the gradient of a chunk. */
    Denominator hard();
  }

  /** The prepared row losses of one chunk. */
  interface Chunk {
    /** Submits the row losses, between the check and the totals. */
    void run();
  }

  /**
   * Prepares a batch, which replaces the previous one. Nothing is computed.
   *
   * @param batch the whole call, whose students and teachers may be hidden states, which are not read
   * @throws IllegalArgumentException if the engine cannot access the memory of an input or output
   */
  void begin(LossCall batch);

  /** Submits the check of all rows. */
  void check();

  /**
   * Waits for the check and returns the divisors of the batch.
   *
   * @throws IllegalArgumentException if a value is invalid, as in {@link EngineBackend#compute}; the message names the
   *     first one
   */
  Divisors divisors();

  /**
   * Returns the factors of a batch that the device computes, from {@link #begin} on. Empty if the batch has no rows, or
   * if the engine computes in host memory; {@link #divisors} are the numbers of the batch then.
   */
  default Optional<FactorsInMemory> factors() {
    return Optional.empty();
  }

  /** Returns the largest absolute value of the row weights, which the check has passed; 1 without weights. */
  double largestWeight();

  /**
   * Prepares a chunk.
   *
   * @param chunk rows of the batch with logits of their own; its divisors apply to its gradient, and are numbers or
   *     those of {@link #factors}
   * @param firstRow first of these rows
   */
  Chunk chunk(LossCall chunk, long firstRow);

  /**
   * Submits zeros to the gradients of all prepared chunks. A recorded graph needs this before its first chunk: after an
   * invalid value the chunks write no gradient, but the products back read it, and a NaN in the memory would spoil
   * their results although alpha is 0. A gradient that replaces the logits is not cleared, and holds the logits then.
   */
  default void clearGradients() {}

  /**
   * Submits the totals of the batch, divided by the divisors of the batch. Totals of a recorded sequence are those of
   * the last replay.
   */
  LossResult totals();

  /** Bytes of device memory in use; 0 in host memory. */
  default long deviceBytes() {
    return 0;
  }

  @Override
  void close();
}
