package dev.temper.kernel.run;

import dev.temper.LossTotals;
import dev.temper.diagnostics.LaunchFootprint;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.spi.LossCall;
import dev.temper.spi.PreparedCall;
import java.lang.foreign.Arena;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A call with a workspace of its own, so that its addresses stay the same from launch to launch. */
final class PreparedLaunch implements PreparedCall, DeviceQueue.Resource {

  private final DeviceQueue queue;
  private final ReportSlot report;
  private final Arena arena = Arena.ofShared();
  private final Workspace workspace;
  private final LossLaunch launch;
  private @Nullable LossReadout last;

  private PreparedLaunch(LossCall call, LossSpecialisation loss, DeviceQueue queue) {
    this.queue = queue;
    KernelDevice device = queue.device();
    report = new ReportSlot(queue);
    workspace = new Workspace(device);
    try (var _ = queue.lock()) {
      launch = new LossLaunch(call, loss, null, workspace, report.slot(), arena);
    } catch (RuntimeException | Error e) {
      try (arena; workspace; report) {
        throw e;
      }
    }
  }

  static PreparedLaunch prepare(LossCall call, LossSpecialisation loss, DeviceQueue queue) {
    LossLaunch.loadKernels(queue.device(), call, loss);
    return queue.open(new PreparedLaunch(call, loss, queue));
  }

  @Override
  public void launch() {
    try (var _ = queue.lock()) {
      if (queue.isRecording()) {
        launch.requireRecordable();
      }
      launch.run();
      last = launch.readout();
    }
  }

  @Override
  public LossTotals totals() {
    return report.read(PreparedCall.launched(last)::totals);
  }

  @Override
  public void recordGraph() {
    try (var _ = queue.lock()) {
      launch.recordGraph();
    }
  }

  @Override
  public long deviceBytes() {
    return workspace.bytes();
  }

  @Override
  public Optional<LaunchFootprint> footprint() {
    return Optional.of(launch.footprint());
  }

  @Override
  public void close() {
    queue.close(this);
  }

  /** Frees everything, even if the device has failed and its calls throw. */
  @Override
  public void release() {
    try (arena; workspace; report; launch) {
      queue.device().synchronize();
    }
  }
}
