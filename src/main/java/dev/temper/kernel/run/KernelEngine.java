package dev.temper.kernel.run;

import dev.temper.DeviceBuffer;
import dev.temper.LossResult;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.diagnostics.DeviceFacts;
import dev.temper.diagnostics.SelfCheck;
import dev.temper.diagnostics.Stopwatch;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.probe.DeviceFunctions;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.kernel.spec.PrimitiveSpecialisation.Primitive;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import dev.temper.spi.LossCoverage;
import dev.temper.spi.PreparedCall;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/** The engine over the CUDA sources, whoever runs them: it places tensors, chooses specialisations and launches in order. */
public final class KernelEngine implements EngineBackend {

  private final KernelDevice device;
  /** Launches of one call follow one another in the stream, and calls share the workspace. */
  private final ReentrantLock order = new ReentrantLock();
  private final Workspace workspace;
  private final Readbacks readbacks;
  private final OwnedBuffers buffers;
  private final PreparedRuns prepared;

  /** Takes the device, and closes it when it is closed. */
  public KernelEngine(KernelDevice device) {
    this.device = device;
    workspace = new Workspace(device);
    readbacks = new Readbacks(device, order);
    buffers = new OwnedBuffers(device, order);
    prepared = new PreparedRuns(device, order);
  }

  @Override
  public String describe() {
    return device.describe();
  }

  @Override
  public Optional<DeviceFacts> facts() {
    return Optional.of(device.facts());
  }

  @Override
  public boolean acceptsDeviceMemory() {
    return true;
  }

  @Override
  public String refuses(LossCall call) {
    return LossCoverage.refusal(call.loss());
  }

  @Override
  public LossResult compute(LossCall call) {
    order.lock();
    try {
      Readbacks.Turn turn = readbacks.take();
      try (Arena arena = Arena.ofConfined(); LossRun run = new LossRun(call, choose(call), workspace, turn.readback(), arena)) {
        run.run();
        return new PendingTotals(readbacks, turn, run::totals);
      } catch (RuntimeException e) {
        readbacks.giveBack(turn);
        throw e;
      }
    } finally {
      order.unlock();
    }
  }

  @Override
  public PreparedCall prepare(LossCall call) {
    return prepared.prepare(call, choose(call));
  }

  @Override
  public List<String> plans(LossCall call) {
    return candidates(call).map(loss -> loss.plan().label()).toList();
  }

  @Override
  public PreparedCall prepare(LossCall call, String plan) {
    LossSpecialisation loss = candidates(call).filter(candidate -> candidate.plan().label().equals(plan)).findFirst()
        .orElseThrow(() -> new IllegalArgumentException("plan '" + plan + "' does not fit rows of " + call.classes() + " classes on "
            + describe() + ", expected one of " + String.join(", ", plans(call))));
    return prepared.prepare(call, loss);
  }

  private LossSpecialisation choose(LossCall call) {
    return LossSpecialisation.choose(call, device.limits());
  }

  private Stream<LossSpecialisation> candidates(LossCall call) {
    return LossSpecialisation.candidates(call, device.limits()).stream();
  }

  @Override
  public void logSoftmax(MatrixView logits, double temperature, MatrixView output) {
    run(PrimitiveRun.map(Primitive.LOG_SOFTMAX, logits, temperature, null, output));
  }

  @Override
  public void logSoftmaxBackward(MatrixView logits, double temperature, MatrixView upstream, MatrixView output) {
    run(PrimitiveRun.map(Primitive.LOG_SOFTMAX_BACKWARD, logits, temperature, upstream, output));
  }

  @Override
  public void softmax(MatrixView logits, MatrixView output) {
    run(PrimitiveRun.map(Primitive.SOFTMAX, logits, 1, null, output));
  }

  @Override
  public void argmax(MatrixView logits, RowVector output) {
    run(PrimitiveRun.argmax(logits, output));
  }

  private void run(PrimitiveRun primitive) {
    order.lock();
    try {
      primitive.run(workspace);
    } finally {
      order.unlock();
    }
  }

  @Override
  public List<String> selfChecks() {
    return new DeviceFunctions(device).names();
  }

  @Override
  public SelfCheck selfCheck(String name) {
    order.lock();
    try {
      return new DeviceFunctions(device).run(name);
    } finally {
      order.unlock();
    }
  }

  @Override
  public DeviceBuffer allocate(long bytes) {
    return buffers.allocate(bytes);
  }

  @Override
  public void synchronize() {
    device.synchronize();
  }

  @Override
  public Stopwatch stopwatch() {
    return device.stopwatch();
  }

  @Override
  public void close() {
    order.lock();
    // The device is let go even where it has failed, and each of these calls then throws.
    try (device; workspace; readbacks; buffers; prepared) {
      device.synchronize();
    } finally {
      order.unlock();
    }
  }
}
