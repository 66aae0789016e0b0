package dev.temper.head;

import dev.temper.DType;
import dev.temper.EngineOptions;
import dev.temper.LossResult;
import dev.temper.spi.ChunkedLoss;
import dev.temper.spi.ChunkedLoss.FactorsInMemory;
import dev.temper.spi.Divisors;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import dev.temper.spi.PreparedCall;
import dev.temper.spi.Products;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Computes the calls of one engine whose student has a head. The calls share one workspace and therefore run one after
 * another.
 */
public final class HeadLoss implements AutoCloseable {

  private static final long HOST_LIMIT = 256L << 20;
  private static final long DEVICE_LIMIT = 1536L << 20;

  private final EngineBackend backend;
  private final EngineOptions options;
  private final Consumer<LossCall> requireComputable;
  private final HeadMemory memory;
  private @Nullable Products products;
  private @Nullable ChunkedLoss chunks;

  /**
   * Creates the head of an engine. The engine closes it before the backend. The first call opens the products and
   * allocates the memory.
   *
   * @param requireComputable throws if the engine does not compute a loss
   */
  public HeadLoss(EngineBackend backend, EngineOptions options, Consumer<LossCall> requireComputable) {
    this.backend = backend;
    this.options = options;
    this.requireComputable = requireComputable;
    memory = new HeadMemory(backend);
  }

  /**
   * Computes a checked call whose inputs have a head. Labels, weights, temperatures, denominators and the integers and
   * lists of the teacher are checked for all rows before anything is written.
   *
   * @throws IllegalArgumentException if a value is invalid, if the engine lacks the loss, or if the workspace is too
   *     small for one row
   * @throws dev.temper.EngineUnavailableException if the library of the products is missing
   */
  public synchronized LossResult compute(LossCall call) {
    Products by = products();
    HeadPlan plan = plan(call, by);
    ChunkedLoss losses = chunks();
    losses.begin(call);
    losses.check();
    Divisors divisors = losses.divisors();
    double power = plan.gradientDtype() == DType.F16 && call.outputs().hasGradient()
        ? HeadScale.powerFor(losses.largestWeight()) : 1;
    Optional<FactorsInMemory> factors = losses.factors();
    HeadScale scale = factors.isPresent() ? new HeadScale.InMemory(factors.get())
        : HeadScale.Numbers.of(divisors, power, call.inputs().gradientScale());
    memory.reserve(plan.bytes());
    HeadPass pass = new HeadPass(backend, by, call, plan, memory, scale);
    requireComputable.accept(pass.firstChunk());
    factors.ifPresent(inMemory -> inMemory.submit(power));
    pass.fillOnes();
    pass.run(chunk -> pass.ready(losses, chunk));
    return new HeadResult(losses.totals(), plan.workspace());
  }

  /** Prepares a call. Each launch checks the values again, because they may have changed. */
  public PreparedCall prepare(LossCall call) {
    plan(call, products());
    return new PreparedHead(this, call);
  }

  /**
   * Records a call as a CUDA graph.
   *
   * @throws IllegalArgumentException if the device has no graphs, or if a tensor lies in host memory
   */
  synchronized RecordedHead record(LossCall call) {
    Products by = products();
    return RecordedHead.record(backend, by, call, plan(call, by), requireComputable);
  }

  /** Whether the owner of the stream captures it. */
  boolean isCapturing() {
    return backend.isCapturing();
  }

  /** Bytes of device memory that the workspace holds; 0 in host memory. */
  synchronized long deviceBytes() {
    return (backend.acceptsDeviceMemory() ? memory.bytes() : 0) + (chunks == null ? 0 : chunks.deviceBytes());
  }

  private synchronized Products products() {
    Products opened = products;
    if (opened == null) {
      opened = backend.products();
      products = opened;
    }
    return opened;
  }

  private synchronized ChunkedLoss chunks() {
    ChunkedLoss opened = chunks;
    if (opened == null) {
      opened = backend.chunks();
      chunks = opened;
    }
    return opened;
  }

  private HeadPlan plan(LossCall call, Products by) {
    return HeadPlan.of(call, options.chunkLogits(), limit(), by.describe());
  }

  private long limit() {
    return options.headWorkspace().orElse(backend.acceptsDeviceMemory() ? DEVICE_LIMIT : HOST_LIMIT);
  }

  @Override
  public synchronized void close() {
    try (memory; var _ = products; var _ = chunks) {
      products = null;
      chunks = null;
    }
  }
}
