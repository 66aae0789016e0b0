package dev.temper.spi;

import dev.temper.LossTotals;
import dev.temper.diagnostics.LaunchFootprint;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Launches one prepared call many times. {@link dev.temper.PreparedLoss} has checked all arguments before. */
public interface PreparedCall extends AutoCloseable {

  /** Launches the call. An engine on a device returns without waiting for the device. */
  void launch();

  /**
   * Waits for the last launch and returns its totals.
   *
   * @throws IllegalArgumentException if a label, row weight, row temperature or denominator in memory is invalid
   */
  LossTotals totals();

  /**
   * Returns the result of the last launch.
   *
   * @param last the result, or null before the first launch
   * @throws IllegalStateException before the first launch
   */
  static <R> R launched(@Nullable R last) {
    if (last == null) {
      throw new IllegalStateException("nothing was launched yet, expected launch() before totals()");
    }
    return last;
  }

  /**
   * Records a CUDA graph, which every later launch replays.
   *
   * @throws IllegalArgumentException if the device has no graphs, or a tensor lies in host memory
   */
  void recordGraph();

  /**
   * Returns the bytes of device memory that the call holds beside the tensors. The result is 0 if the engine computes
   * in host memory.
   */
  default long deviceBytes() {
    return 0;
  }

  /** Returns the resources of a multiprocessor that the loss kernel uses, or empty if the engine has no such kernel. */
  default Optional<LaunchFootprint> footprint() {
    return Optional.empty();
  }

  @Override
  void close();
}
