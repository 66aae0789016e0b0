package dev.temper.head;

import dev.temper.LossTotals;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import dev.temper.spi.PreparedCall;
import dev.temper.spi.Products;
import dev.temper.spi.Recording;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All chunks of one call, recorded as a CUDA graph. The graph holds the addresses of its workspace, so that it has a
 * workspace of its own.
 *
 * <p>The divisors are numbers of the graph. A replay checks the labels of each chunk before the row losses of this
 * chunk only: after an invalid value the gradients are undefined, and the totals report the value.
 */
final class RecordedHead implements AutoCloseable {

  private final HeadMemory memory;
  private final List<PreparedCall> chunks = new ArrayList<>();
  private @Nullable Recording graph;
  private @Nullable HeadTotals totals;

  private RecordedHead(EngineBackend backend) {
    memory = new HeadMemory(backend);
  }

  /**
   * Records a call whose divisors are known.
   *
   * @param requireComputable throws if the engine does not compute a loss
   * @throws IllegalArgumentException if the engine lacks the loss, if the device has no graphs, or if a tensor lies in
   *     host memory
   */
  static RecordedHead record(EngineBackend backend, Products products, LossCall call, HeadPlan plan, HeadScale scale,
      Consumer<LossCall> requireComputable) {
    RecordedHead recorded = new RecordedHead(backend);
    try {
      recorded.memory.reserve(plan.bytes());
      HeadPass pass = new HeadPass(backend, products, call, plan, recorded.memory, scale);
      requireComputable.accept(pass.firstChunk());
      pass.fillOnes();
      pass.chunks().forEach(chunk -> recorded.chunks.add(backend.prepare(chunk)));
      recorded.graph = backend.record(() -> recorded.submit(pass));
    } catch (RuntimeException | Error e) {
      recorded.close();
      throw e;
    }
    return recorded;
  }

  private void submit(HeadPass pass) {
    Iterator<PreparedCall> next = chunks.iterator();
    totals = pass.run(_ -> {
      PreparedCall chunk = next.next();
      chunk.launch();
      return chunk::totals;
    });
  }

  void launch() {
    if (graph != null) {
      graph.run();
    }
  }

  /** Waits for the last launch and returns its totals. */
  LossTotals totals() {
    if (totals == null) {
      throw new IllegalStateException("nothing was recorded");
    }
    return totals.totals();
  }

  /** Bytes of device memory. */
  long deviceBytes() {
    return memory.bytes() + chunks.stream().mapToLong(PreparedCall::deviceBytes).sum();
  }

  @Override
  public void close() {
    try (memory; var _ = graph) {
      chunks.forEach(PreparedCall::close);
    }
  }
}
