package dev.temper.kernel.run;

import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.KernelLaunch;
import dev.temper.kernel.device.ResultSlot;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Kernels that run one after the other, share one status and write one report. A sequence is prepared once and can run
 * many times. A run allocates nothing in Java. The stream lock is held during all calls but {@link #add}.
 */
final class LaunchSequence implements AutoCloseable {

  private final KernelDevice device;
  private final LaunchStatus status;
  private final ResultSlot report;
  private final List<KernelLaunch> steps = new ArrayList<>();
  private final Runnable submission = this::submit;
  private @Nullable KernelLaunch graph;

  LaunchSequence(KernelDevice device, LaunchStatus status, ResultSlot report) {
    this.device = device;
    this.status = status;
    this.report = report;
  }

  void add(KernelLaunch step) {
    steps.add(step);
  }

  /** Submits all steps, or the graph of them, without waiting. */
  void run() {
    status.begin();
    try {
      if (graph != null) {
        graph.run();
      } else {
        device.withContext(submission);
      }
    } catch (RuntimeException | Error e) {
      status.failed(e);
      throw e;
    }
  }

  /**
   * Records the steps as a CUDA graph, which later runs replay.
   *
   * @throws IllegalArgumentException if the device has no graphs
   */
  void record() {
    if (graph == null) {
      graph = device.record(submission);
    }
  }

  private void submit() {
    for (int i = 0; i < steps.size(); i++) {  // an iterator would be an allocation
      steps.get(i).run();
    }
    report.recordEvent();
  }

  @Override
  public void close() {
    try (var _ = graph) {
      steps.forEach(KernelLaunch::close);
    }
  }
}
