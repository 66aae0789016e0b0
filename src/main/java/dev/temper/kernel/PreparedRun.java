package dev.temper.kernel;

import dev.temper.LaunchFootprint;
import dev.temper.LossTotals;
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
  private final Arena arena = Arena.ofShared();
  private final Workspace workspace;
  private final LossRun run;
  private final Readback readback;
  private @Nullable KernelLaunch graph;
  private boolean launched;

  PreparedRun(LossCall call, LossSpecialisation loss, KernelDevice device, ReentrantLock order) {
    this.device = device;
    this.order = order;
    workspace = new Workspace(device);
    run = new LossRun(call, loss, workspace, arena);
    readback = LossRun.readback(device);
  }

  @Override
  public void launch() {
    order.lock();
    try {
      if (graph != null) {
        graph.run();
      } else {
        run.run(readback);
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
    order.lock();
    try {
      return run.totals(readback.await());
    } finally {
      order.unlock();
    }
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
        graph = device.record(() -> run.launch(readback));
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
      device.synchronize();
      if (graph != null) {
        graph.close();
      }
      run.close();
      readback.close();
      workspace.close();
      arena.close();
    } finally {
      order.unlock();
    }
  }
}
