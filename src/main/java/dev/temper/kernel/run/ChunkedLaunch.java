package dev.temper.kernel.run;

import dev.temper.Denominator;
import dev.temper.DeviceMatrix;
import dev.temper.LossResult;
import dev.temper.RowVector;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.spi.ChunkedLoss;
import dev.temper.spi.Divisors;
import dev.temper.spi.LossCall;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The chunks of a batch under one check, one status and one launch of the totals. The memory is not shared with other
 * calls, because another thread may submit a call between the chunks.
 */
final class ChunkedLaunch implements ChunkedLoss, DeviceQueue.Resource {

  private final DeviceQueue queue;
  private final KernelDevice device;
  private final PendingResults results;
  private final Function<LossCall, LossSpecialisation> choose;
  private final Workspace batchMemory;
  private final Workspace chunkMemory;
  private final List<LossLaunch> chunks = new ArrayList<>();
  /** Size of the gradients of the chunks by their address, without gradients that replace logits. */
  private final Map<Long, Long> gradientBytes = new HashMap<>();
  private @Nullable BatchLaunch batch;
  private PendingResults.@Nullable Lease lease;
  /** Whether the batch was recorded. Every replay then writes its report again. */
  private boolean isReplayed;

  private ChunkedLaunch(DeviceQueue queue, PendingResults results, Function<LossCall, LossSpecialisation> choose) {
    this.queue = queue;
    this.results = results;
    this.choose = choose;
    device = queue.device();
    batchMemory = new Workspace(device);
    chunkMemory = new Workspace(device);
  }

  /**
   * Opens chunks on a stream.
   *
   * @param choose the specialisation of the row losses of a chunk
   */
  static ChunkedLaunch open(DeviceQueue queue, PendingResults results,
      Function<LossCall, LossSpecialisation> choose) {
    return queue.open(new ChunkedLaunch(queue, results, choose));
  }

  @Override
  public void begin(LossCall call) {
    BatchLaunch.loadKernels(device, call);
    try (var _ = queue.lock()) {
      end();
      device.withContext(() -> {
        new HeadTensors(new PlacedTensors(batchMemory)).requireAccessible(call);
        PendingResults.Lease leased = results.lease();
        lease = leased;
        batch = new BatchLaunch(call, batchMemory, leased.slot());
      });
    }
  }

  @Override
  public void check() {
    submit(() -> {
      if (queue.isRecording() && batch().anyCopied()) {
        throw PlacedTensors.notRecordable();
      }
      batch().check();
    });
  }

  @Override
  public Divisors divisors() {
    device.synchronize(); // other threads can submit meanwhile
    try (var _ = queue.lock()) {
      return batch().divisors();
    }
  }

  @Override
  public Optional<FactorsInMemory> factors() {
    try (var _ = queue.lock()) {
      return batch().factors().map(Factors::new);
    }
  }

  @Override
  public double largestWeight() {
    try (var _ = queue.lock()) {
      return batch().largestWeight();
    }
  }

  @Override
  public Chunk chunk(LossCall chunk, long firstRow) {
    LossCall placed = batch().chunk(chunk, firstRow);
    LossSpecialisation loss = choose.apply(placed);
    if (chunk.inputs().student().rows() > 0) {
      device.load(loss);
    }
    try (var _ = queue.lock()) {
      LossLaunch launch = new LossLaunch(placed, loss, batch().shared(firstRow), chunkMemory, leased().slot(),
          Arena.ofAuto());
      chunks.add(launch);
      if (chunk.outputs().gradient() instanceof DeviceMatrix gradient && !gradient.equals(chunk.inputs().student())) {
        gradientBytes.merge(gradient.address(), gradient.byteSize(), Math::max);
      }
      return () -> submit(() -> {
        if (queue.isRecording()) {
          launch.requireRecordable();
        }
        launch.run();
      });
    }
  }

  @Override
  public void clearGradients() {
    submit(() -> gradientBytes.forEach(device::zero));
  }

  @Override
  public LossResult totals() {
    try (var _ = queue.lock()) {
      device.withContext(batch()::totals);
      PendingResults.Lease leased = leased();
      LossReadout readout = batch().readout();
      isReplayed |= queue.isRecording();
      if (isReplayed) {
        return () -> leased.read(readout::totals);
      }
      lease = null;
      return results.result(leased, readout);
    }
  }

  /** The factors that the batch computes. */
  private final class Factors implements FactorsInMemory {
    /** {@code temper::HeadFactors}: three scalars of the products, and the divisors of soft and hard part. */
    private final RowVector at;

    Factors(RowVector at) {
      this.at = at;
    }

    @Override
    public void submit(double power) {
      ChunkedLaunch.this.submit(() -> batch().submitFactors(power));
    }

    @Override
    public RowVector.Device products() {
      return (RowVector.Device) at.rows(0, 3);
    }

    @Override
    public Denominator soft() {
      return new Denominator.InMemory(at.rows(3, 4));
    }

    @Override
    public Denominator hard() {
      return new Denominator.InMemory(at.rows(4, 5));
    }
  }

  private void submit(Runnable launches) {
    try (var _ = queue.lock()) {
      device.withContext(launches);
    }
  }

  private BatchLaunch batch() {
    return Objects.requireNonNull(batch, "no batch was begun");
  }

  private PendingResults.Lease leased() {
    return Objects.requireNonNull(lease, "the totals of the batch were submitted before");
  }

  /** Frees the resources of the last batch. */
  private void end() {
    PendingResults.Lease unread = lease;
    lease = null;
    isReplayed = false;
    if (unread != null) {
      results.end(unread);
    }
    chunks.forEach(LossLaunch::close);
    chunks.clear();
    gradientBytes.clear();
    if (batch != null) {
      batch.close();
      batch = null;
    }
  }

  @Override
  public long deviceBytes() {
    return batchMemory.bytes() + chunkMemory.bytes();
  }

  @Override
  public void close() {
    queue.close(this);
  }

  @Override
  public void release() {
    try (batchMemory; chunkMemory) {
      device.synchronize();
      end();
    }
  }
}
