package dev.temper.head;

import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.spi.ChunkedLoss;
import dev.temper.spi.ChunkedLoss.FactorsInMemory;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import dev.temper.spi.PreparedCall;
import dev.temper.spi.Products;
import dev.temper.spi.Recording;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * All chunks of one call, recorded as a CUDA graph. The graph holds addresses, so it has a workspace of its own, which
 * no other call resizes.
 *
 * <p>A replay checks all rows first, counts the labels and reads denominators in device memory. If a value is invalid,
 * no output is written and the totals report the value. The products of a graph always run, but leave their results as
 * they are then, provided that hidden states, weights and logits are finite. Row weights may change between replays and
 * are not scaled: above 1,024 they may make a gradient of an F16 head infinite.
 */
final class RecordedHead implements AutoCloseable {

  private final HeadMemory memory;
  private final ChunkedLoss losses;
  private Runnable sequence = () -> {};
  private @Nullable Recording graph;
  private @Nullable LossResult result;

  private RecordedHead(EngineBackend backend) {
    memory = new HeadMemory(backend);
    losses = backend.chunks();
  }

  /**
   * Records a call.
   *
   * @param requireComputable throws if the engine does not compute a loss
   * @throws IllegalArgumentException if the engine lacks the loss, if the device has no graphs, or if a tensor lies in
   *     host memory
   */
  static RecordedHead record(EngineBackend backend, Products products, LossCall call, HeadPlan plan,
      Consumer<LossCall> requireComputable) {
    RecordedHead recorded = new RecordedHead(backend);
    try {
      recorded.memory.reserve(plan.bytes());
      recorded.losses.begin(call);
      Optional<FactorsInMemory> factors = recorded.losses.factors();
      HeadScale scale = factors.isPresent() ? new HeadScale.InMemory(factors.get()) : HeadScale.Numbers.NO_ROWS;
      HeadPass pass = new HeadPass(backend, products, call, plan, recorded.memory, scale);
      requireComputable.accept(pass.firstChunk());
      recorded.record(backend, pass, factors, plan.chunks());
    } catch (RuntimeException | Error e) {
      recorded.close();
      throw e;
    }
    return recorded;
  }

  private void record(EngineBackend backend, HeadPass pass, Optional<FactorsInMemory> factors, long count) {
    pass.fillOnes();
    List<ChunkedLoss.Chunk> chunks = LongStream.range(0, count).mapToObj(chunk -> pass.ready(losses, chunk)).toList();
    sequence = () -> {
      losses.check();
      factors.ifPresent(inMemory -> inMemory.submit(1));
      losses.clearGradients();
      pass.run(chunk -> chunks.get(Math.toIntExact(chunk)));
      result = losses.totals();
    };
    graph = backend.record(sequence);
  }

  void launch() {
    if (graph != null) {
      graph.run();
    }
  }

  /** Submits the operations of the graph while the owner of the stream captures them into another graph. */
  void submit() {
    sequence.run();
  }

  /** Waits for the last launch and returns its totals. */
  LossTotals totals() {
    return PreparedCall.launched(result).totals();
  }

  /** Bytes of device memory. */
  long deviceBytes() {
    return memory.bytes() + losses.deviceBytes();
  }

  @Override
  public void close() {
    try (memory; losses; var _ = graph) {
      result = null;
    }
  }
}
