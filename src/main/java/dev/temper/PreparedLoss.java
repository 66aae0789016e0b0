package dev.temper;

import dev.temper.diagnostics.LaunchFootprint;
import dev.temper.spi.PreparedCall;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A loss over fixed memory that is checked once and launched many times, for loops whose tensors keep their addresses.
 * On a GPU a launch allocates nothing in Java unless the student has a head, and can be recorded as a CUDA graph.
 *
 * {@snippet class="dev.temper.snippets.DeviceLoop" region="loop"}
 *
 * <p>One thread at a time may call a prepared loss. Closing it frees its own resources, not the caller's memory. An
 * engine that is closed closes its prepared losses.
 */
public final class PreparedLoss implements AutoCloseable {

  private final LossEngine engine;
  private final PreparedCall call;
  private final @Nullable RowStatistics statistics;
  private final CallIdentity identity;
  private boolean closed;

  /** Each launch fills the statistics. A later backward call is compared with {@code identity}. */
  PreparedLoss(LossEngine engine, PreparedCall call, @Nullable RowStatistics statistics, CallIdentity identity) {
    this.engine = engine;
    this.call = call;
    this.statistics = statistics;
    this.identity = identity;
  }

  /**
   * Computes the loss of the present content of the tensors. A device engine returns before the work is complete.
   *
   * <p>If the owner of a borrowed stream records the stream as a CUDA graph, the launch becomes part of that graph. All
   * tensors must then be on the device. A loss with a {@link LinearHead} waits for the device during a launch unless
   * {@link #recordGraph()} was called, and joins such a graph only after that. {@link #totals()} waits for the stream
   * and returns the totals of the last replay.
   *
   * @throws IllegalArgumentException if a label, row weight, row temperature or denominator is invalid; on a device
   *     engine {@link #totals()} throws it, unless the loss has a {@link LinearHead} and no recorded graph
   * @throws IllegalStateException if the stream is recorded by its owner, and the loss has a {@link LinearHead} and no
   *     recorded graph
   */
  public void launch() {
    engine.begin();
    try {
      requireOpen();
      if (statistics == null) {
        call.launch();
      } else {
        statistics.memoryFor(engine, statistics.rows());
        statistics.clear();
        call.launch();
        statistics.written(identity);
      }
    } finally {
      engine.end();
    }
  }

  /**
   * Waits for the last launch and returns its totals.
   *
   * @throws IllegalArgumentException if a label, row weight or row temperature was invalid; nothing was written then,
   *     except that a recorded graph of a loss with a {@link LinearHead} has written gradients of NaN
   * @throws IllegalStateException if nothing was launched yet
   */
  public LossTotals totals() {
    engine.begin();
    try {
      requireOpen();
      return call.totals();
    } finally {
      engine.end();
    }
  }

  /**
   * Records the launches as a CUDA graph, which later calls of {@link #launch()} replay: one call of the driver in
   * place of four. Each replay reads the values in device memory again, and counts the labels again.
   *
   * @throws IllegalArgumentException if the device has no graphs, or if a tensor lies in host memory
   */
  public void recordGraph() {
    engine.begin();
    try {
      requireOpen();
      call.recordGraph();
    } finally {
      engine.end();
    }
  }

  /**
   * Bytes of device memory that this loss holds beside the caller's tensors, including copies of host tensors; 0 on an
   * engine that computes in host memory. With a {@link LinearHead} they include the workspace of the engine, which all
   * such losses share.
   */
  public long deviceBytes() {
    return call.deviceBytes();
  }

  /** The resources that its kernel takes of a multiprocessor; empty on an engine that computes in host memory. */
  public Optional<LaunchFootprint> footprint() {
    engine.begin();
    try {
      requireOpen();
      return call.footprint();
    } finally {
      engine.end();
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      call.close();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("this prepared loss is closed; prepare another");
    }
  }
}
