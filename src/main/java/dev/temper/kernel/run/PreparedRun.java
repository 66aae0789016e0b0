package dev.temper.kernel.run;

import dev.temper.LossTotals;
import dev.temper.diagnostics.LaunchFootprint;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.device.Readback;
import dev.temper.kernel.spec.LossSpecialisation;
import dev.temper.spi.LossCall;
import dev.temper.spi.PreparedCall;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A call with device memory of its own, so that its addresses stay as they are from launch to launch. */
final class PreparedRun implements PreparedCall {

  private final KernelDevice device;
  private final ReentrantLock order;
  private final PreparedRuns all;
  private final DeviceWaits waits;
  private final Readback readback;
  private final Arena arena = Arena.ofShared();
  private final Workspace workspace;
  private final LossRun run;
  private @Nullable KernelLaunch graph;
  private boolean launched;

  PreparedRun(LossCall call, LossSpecialisation loss, KernelDevice device, ReentrantLock order, PreparedRuns all) {
    this.device = device;
    this.order = order;
    this.all = all;
    waits = new DeviceWaits(order);
    readback = LossRun.readback(device);
    workspace = new Workspace(device);
    try {
      zeroStatus();
      run = new LossRun(call, loss, workspace, readback, arena);
    } catch (RuntimeException | Error e) {
      try (arena; workspace; readback) {
        throw e;
      }
    }
  }

  private void zeroStatus() {
    order.lock();
    try {
      workspace.status();
    } finally {
      order.unlock();
    }
  }

  @Override
  public void launch() {
    order.lock();
    try {
      if (graph != null) {
        run.launch(graph);
      } else {
        run.run();
      }
      launched = true;
    } finally {
      order.unlock();
    }
  }

  @Override
  public LossTotals totals() {
    if (!launched) {
      throw new IllegalStateException("nothing was launched yet, expected launch() before totals()");
    }
    return waits.read(readback, run::totals);
  }

  @Override
  public void recordGraph() {
    if (!run.isOnDevice()) {
      throw new IllegalArgumentException("a tensor lies in host memory, expected all of them in device memory to record a graph; "
          + "copy them to buffers of LossEngine.allocate");
    }
    order.lock();
    try {
      if (graph == null) {
        graph = run.record();
      }
    } finally {
      order.unlock();
    }
  }

  @Override
  public long deviceBytes() {
    return workspace.bytes();
  }

  @Override
  public Optional<LaunchFootprint> footprint() {
    return Optional.of(run.footprint());
  }

  @Override
  public void close() {
    order.lock();
    try {
      if (all.forget(this)) {
        letGo();
      }
    } finally {
      order.unlock();
    }
  }

  /** All of it even where the device has failed, and each of these calls then throws. */
  private void letGo() {
    try (arena; workspace; readback; run; var _ = graph) {
      waits.close();
      device.synchronize();
    }
  }
}
