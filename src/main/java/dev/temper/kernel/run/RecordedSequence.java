package dev.temper.kernel.run;

import dev.temper.kernel.device.KernelLaunch;
import dev.temper.spi.Recording;

/** A CUDA graph of several calls. */
final class RecordedSequence implements Recording, DeviceQueue.Resource {

  private final DeviceQueue queue;
  private final KernelLaunch graph;

  private RecordedSequence(DeviceQueue queue, KernelLaunch graph) {
    this.queue = queue;
    this.graph = graph;
  }

  /** Records a sequence. */
  static RecordedSequence record(DeviceQueue queue, Runnable sequence) {
    try (var _ = queue.lock()) {
      return queue.open(new RecordedSequence(queue, queue.record(sequence)));
    }
  }

  @Override
  public void run() {
    try (var _ = queue.lock()) {
      if (!queue.isOpen(this)) {
        throw new IllegalStateException("this recording is closed; record another");
      }
      graph.run();
    }
  }

  @Override
  public void close() {
    queue.close(this);
  }

  @Override
  public void release() {
    try (graph) {
      queue.device().synchronize();
    }
  }
}
