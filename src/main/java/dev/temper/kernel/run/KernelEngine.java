package dev.temper.kernel.run;

import dev.temper.DeviceBuffer;
import dev.temper.EngineOptions;
import dev.temper.LossResult;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.TopKLists;
import dev.temper.diagnostics.DeviceFacts;
import dev.temper.diagnostics.Finding;
import dev.temper.diagnostics.KeptPlan;
import dev.temper.diagnostics.PlanTimes;
import dev.temper.diagnostics.SelfCheck;
import dev.temper.diagnostics.Stopwatch;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.probe.DeviceFunctions;
import dev.temper.kernel.spec.KernelSupport;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.kernel.spec.PrimitiveSpecialisation;
import dev.temper.kernel.spec.Specialisation;
import dev.temper.kernel.spec.TopKSpecialisation;
import dev.temper.kernel.tune.PlanFile;
import dev.temper.kernel.tune.TunedPlans;
import dev.temper.spi.ChunkedLoss;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import dev.temper.spi.PreparedCall;
import dev.temper.spi.Products;
import dev.temper.spi.Recording;
import dev.temper.spi.Support;
import dev.temper.spi.layout.PrimitiveParameters.Primitive;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Computes losses with the CUDA kernels on any device that runs them: chooses specialisations, places tensors and
 * submits launches. Kernels are compiled before the stream lock is taken, so that a compilation delays no other call.
 */
public final class KernelEngine implements EngineBackend {

  private final KernelDevice device;
  private final TunedPlans tuned;
  private final DeviceQueue queue;
  private final Workspace workspace;
  private final PendingResults results;

  /** Creates the engine of a device, which is closed with the engine. */
  public KernelEngine(KernelDevice device, EngineOptions options) {
    this.device = device;
    tuned = TunedPlans.open(device, PlanFile.ofUser(), options.tunedPlans());
    queue = new DeviceQueue(device);
    workspace = new Workspace(device);
    queue.open(workspace::close);
    results = queue.open(new PendingResults(queue));
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
  public Support supports(LossCall call) {
    return KernelSupport.of(call, device.limits());
  }

  @Override
  public LossResult compute(LossCall call) {
    LossSpecialisation loss = choose(call);
    LossLaunch.loadKernels(device, call, loss);
    try (var _ = queue.lock()) {
      PendingResults.Lease lease = results.lease();
      try {
        device.withContext(() -> launch(call, loss, lease));
      } catch (RuntimeException | Error e) {
        results.end(lease);
        throw e;
      }
      return results.result(lease, new LossReadout(call, device));
    }
  }

  private void launch(LossCall call, LossSpecialisation loss, PendingResults.Lease lease) {
    try (Arena arena = Arena.ofConfined();
        LossLaunch launch = new LossLaunch(call, loss, null, workspace, lease.slot(), arena)) {
      launch.run();
    }
  }

  @Override
  public ChunkedLoss chunks() {
    return ChunkedLaunch.open(queue, results, this::choose);
  }

  @Override
  public Products products() {
    return PlacedProducts.open(queue);
  }

  @Override
  public Recording record(Runnable sequence) {
    return RecordedSequence.record(queue, sequence);
  }

  @Override
  public boolean isCapturing() {
    try (var _ = queue.lock()) { // without it, a recording of another thread would look like a capture by the owner
      return device.isCapturing();
    }
  }

  @Override
  public PreparedCall prepare(LossCall call) {
    return PreparedLaunch.prepare(call, choose(call), queue);
  }

  @Override
  public List<String> plans(LossCall call) {
    return candidates(call).map(loss -> loss.plan().label()).toList();
  }

  @Override
  public PreparedCall prepare(LossCall call, String plan) {
    return PreparedLaunch.prepare(call, candidate(call, plan), queue);
  }

  private LossSpecialisation candidate(LossCall call, String plan) {
    return candidates(call).filter(candidate -> candidate.plan().label().equals(plan)).findFirst()
        .orElseThrow(() -> new IllegalArgumentException("plan '" + plan + "' does not fit rows of " + call.classes()
        + " classes on "
            + describe() + ", expected one of " + String.join(", ", plans(call))));
  }

  @Override
  public KeptPlan keepPlan(LossCall call, PlanTimes times) {
    return tuned.keep(candidate(call, times.plan()), call.classes(), call.inputs().student().rows(), times);
  }

  /** Returns the tuned plans that this device uses, and why others are not used. */
  public List<Finding> findings() {
    return tuned.findings();
  }

  private LossSpecialisation choose(LossCall call) {
    LossSpecialisation chosen = LossSpecialisation.choose(call, device.limits());
    RowPlan plan = tuned.plan(chosen, call.classes());
    return plan == null ? chosen : chosen.with(plan);
  }

  /** Returns all possible specialisations, the chosen one first. */
  private Stream<LossSpecialisation> candidates(LossCall call) {
    LossSpecialisation chosen = choose(call);
    return Stream.concat(Stream.of(chosen), LossSpecialisation.candidates(call, device.limits()).stream()
        .filter(other -> !other.equals(chosen)));
  }

  @Override
  public void logSoftmax(MatrixView logits, double temperature, MatrixView output) {
    run(PrimitiveLaunch.map(Primitive.LOG_SOFTMAX, logits, temperature, null, output));
  }

  @Override
  public void logSoftmaxBackward(MatrixView logits, double temperature, MatrixView upstream, MatrixView output) {
    run(PrimitiveLaunch.map(Primitive.LOG_SOFTMAX_BACKWARD, logits, temperature, upstream, output));
  }

  @Override
  public void softmax(MatrixView logits, MatrixView output) {
    run(PrimitiveLaunch.map(Primitive.SOFTMAX, logits, 1, null, output));
  }

  @Override
  public void argmax(MatrixView logits, RowVector output) {
    run(PrimitiveLaunch.argmax(logits, output));
  }

  @Override
  public void topK(MatrixView logits, TopKLists into) {
    TopKLaunch launch = new TopKLaunch(logits, into);
    TopKSpecialisation kernel = launch.kernel();
    run(logits, kernel, () -> launch.run(kernel, workspace));
  }

  private void run(PrimitiveLaunch launch) {
    PrimitiveSpecialisation kernel = launch.kernel(device.limits());
    run(launch.logits(), kernel, () -> launch.run(kernel, workspace));
  }

  private void run(MatrixView logits, Specialisation kernel, Runnable launch) {
    if (logits.rows() == 0) {
      return;
    }
    device.load(kernel);
    try (var _ = queue.lock()) {
      device.withContext(launch);
    }
  }

  @Override
  public List<String> selfChecks() {
    return new DeviceFunctions(device).names();
  }

  @Override
  public SelfCheck selfCheck(String name) {
    DeviceFunctions functions = new DeviceFunctions(device);
    functions.load(name);
    try (var _ = queue.lock()) {
      return functions.run(name);
    }
  }

  @Override
  public DeviceBuffer allocate(long bytes) {
    return OwnedBuffer.allocate(queue, bytes);
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
    queue.close();
  }
}
