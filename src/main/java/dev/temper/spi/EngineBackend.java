package dev.temper.spi;

import dev.temper.DeviceBuffer;
import dev.temper.EngineUnavailableException;
import dev.temper.LossResult;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.TopKLists;
import dev.temper.diagnostics.DeviceFacts;
import dev.temper.diagnostics.KeptPlan;
import dev.temper.diagnostics.PlanTimes;
import dev.temper.diagnostics.SelfCheck;
import dev.temper.diagnostics.Stopwatch;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;

/**
 * Computes losses on one device. All arguments are checked before a call, and several threads may call at once.
 *
 * <p>The caller must not call {@link #close()} during another call or any method after it, because {@link #close()}
 * does not wait.
 */
public interface EngineBackend extends AutoCloseable {

  /** Returns the engine in one phrase, such as {@code cpu (AVX-512, 2 threads)}. */
  String describe();

  /** Returns the facts of the device, or empty if the engine computes in host memory. */
  default Optional<DeviceFacts> facts() {
    return Optional.empty();
  }

  /** Returns whether views of device memory are accepted. Views of host memory are always accepted. */
  default boolean acceptsDeviceMemory() {
    return false;
  }

  /** Returns whether this loss is supported, with the option or input that the engine lacks. */
  Support supports(LossCall call);

  /** Computes a loss: forward, forward and backward, or backward from saved statistics. */
  LossResult compute(LossCall call);

  /** Opens the losses of batches in chunks of rows. The caller closes the result before the engine. */
  default ChunkedLoss chunks() {
    return new HostChunkedLoss(this);
  }

  /**
   * Opens the matrix products of this engine, which share its memory and its stream. The caller closes them before the
   * engine.
   *
   * @throws EngineUnavailableException if the library of the products is missing; the message says what to add
   */
  default Products products() {
    throw new EngineUnavailableException(describe() + " has no matrix products, which a linear head needs; the cpu and"
        + " reference devices have them");
  }

  /**
   * Records the work that a sequence submits to the stream of this engine as a CUDA graph. The work does not run yet.
   *
   * @throws IllegalArgumentException if the device has no graphs, or if a tensor of the sequence lies in host memory
   */
  default Recording record(Runnable sequence) {
    throw new IllegalArgumentException(describe() + " records no CUDA graph; launch without recording one");
  }

  /** Returns whether the owner of the stream of this engine captures the stream as a CUDA graph. */
  default boolean isCapturing() {
    return false;
  }

  /** Prepares a call for repeated launches over the same memory. */
  default PreparedCall prepare(LossCall call) {
    return new HostPreparedCall(this, call);
  }

  /**
   * Returns the names of the plans that can compute a call. The first one is the plan of {@link #prepare(LossCall)}.
   */
  default List<String> plans(LossCall call) {
    return List.of();
  }

  /**
   * Prepares a call with one of its plans.
   *
   * @throws IllegalArgumentException if the call has no plan of that name
   */
  default PreparedCall prepare(LossCall call, String plan) {
    throw new IllegalArgumentException(describe() + " has no plans to choose from, found '" + plan
        + "'; prepare without a plan");
  }

  /**
   * Stores a plan for calls of this form in the file that engines of this device read when they are opened.
   *
   * @throws IllegalArgumentException if the call has no plan of that name, or its options exclude a kept plan
   * @throws UncheckedIOException if the file of the plans cannot be written
   */
  default KeptPlan keepPlan(LossCall call, PlanTimes times) {
    throw new IllegalArgumentException(describe() + " has no plans to choose from, found '" + times.plan()
        + "' to keep");
  }

  /**
   * Allocates device memory.
   *
   * @throws IllegalArgumentException if the engine computes in host memory
   */
  default DeviceBuffer allocate(long bytes) {
    throw new IllegalArgumentException(describe() + " computes in host memory, expected a device with memory of its "
        + "own; use an Arena");
  }

  /** Waits until all launched work has ended. */
  default void synchronize() {}

  /** Returns a stopwatch for launched work. */
  default Stopwatch stopwatch() {
    return new HostStopwatch();
  }

  /** Returns the names of the self-checks of this engine. */
  default List<String> selfChecks() {
    return List.of();
  }

  /**
   * Runs a self-check on the device.
   *
   * @throws IllegalArgumentException if no self-check has that name
   */
  default SelfCheck selfCheck(String name) {
    throw new IllegalArgumentException(describe() + " has no check of that name: '" + name + "'");
  }

  /** Computes {@code output = log softmax(logits / temperature)} for each row. */
  void logSoftmax(MatrixView logits, double temperature, MatrixView output);

  /**
   * Computes {@code output = (upstream - softmax(logits / temperature) * sum(upstream)) / temperature} for each row.
   */
  void logSoftmaxBackward(MatrixView logits, double temperature, MatrixView upstream, MatrixView output);

  /** Computes {@code output = softmax(logits)} for each row. */
  void softmax(MatrixView logits, MatrixView output);

  /**
   * Computes the index of the largest logit of each row. Equal logits give the lowest index, and a row with NaN gives
   * the index of its first NaN.
   */
  void argmax(MatrixView logits, RowVector output);

  /**
   * Computes the lists of the most probable classes of each row, sorted by probability. Equal logits give the lower
   * class first. A row without a softmax has NaN in its first slot.
   */
  default void topK(MatrixView logits, TopKLists into) {
    throw new IllegalArgumentException(describe() + " makes no lists of classes; the cpu device does");
  }

  @Override
  void close();
}
