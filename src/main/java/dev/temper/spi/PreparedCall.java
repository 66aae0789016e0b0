package dev.temper.spi;

import dev.temper.LossTotals;
import dev.temper.diagnostics.LaunchFootprint;
import java.util.Optional;

/** A call that is made ready once and launched many times; {@link dev.temper.PreparedLoss} with nothing left to check. */
public interface PreparedCall extends AutoCloseable {

  /** Launches; a device engine returns without waiting. */
  void launch();

  /**
   * Waits for the last launch.
   *
   * @throws IllegalArgumentException if a label, row weight or row temperature is invalid
   */
  LossTotals totals();

  /**
   * From now on a launch replays a recorded CUDA graph.
   *
   * @throws IllegalArgumentException if the device has no graphs, or a tensor lies in host memory
   */
  void recordGraph();

  /** Bytes of device memory that it holds beside the tensors; 0 if the engine computes in host memory. */
  default long deviceBytes() {
    return 0;
  }

  /** What the loss kernel takes of a multiprocessor; empty where there is none. */
  default Optional<LaunchFootprint> footprint() {
    return Optional.empty();
  }

  @Override
  void close();
}
