package dev.temper.spi;

import dev.temper.DeviceBuffer;
import dev.temper.LossResult;
import dev.temper.MatrixView;
import dev.temper.RowVector;
import dev.temper.diagnostics.DeviceFacts;
import dev.temper.diagnostics.SelfCheck;
import dev.temper.diagnostics.Stopwatch;
import java.util.List;
import java.util.Optional;

/**
 * What computes. All arguments are checked; methods may be called from several threads at once, but never after {@link
 * #close()}, which waits for nothing: the caller has seen to it that no call is under way.
 */
public interface EngineBackend extends AutoCloseable {

  /** What runs here in one phrase, such as {@code cpu (AVX-512, 2 threads)}. */
  String describe();

  /** What the device tells of itself; empty if the engine computes in host memory. */
  default Optional<DeviceFacts> facts() {
    return Optional.empty();
  }

  /** Whether views of device memory are accepted; views of host memory always are. */
  default boolean acceptsDeviceMemory() {
    return false;
  }

  /** Whether the engine computes this loss, and if not, which option or input it lacks. */
  Support supports(LossCall call);

  /** Computes a loss forward, forward and backward, or backward from saved statistics. */
  LossResult compute(LossCall call);

  /** Makes a call ready to be launched many times over the same memory. */
  default PreparedCall prepare(LossCall call) {
    return new HostPreparedCall(this, call);
  }

  /** Names of the plans by which a call could be computed, first the one that {@link #prepare(LossCall)} takes. */
  default List<String> plans(LossCall call) {
    return List.of();
  }

  /**
   * Makes a call ready by one of its plans.
   *
   * @throws IllegalArgumentException if it has none of that name
   */
  default PreparedCall prepare(LossCall call, String plan) {
    throw new IllegalArgumentException(describe() + " has no plans to choose from, found '" + plan + "'; prepare without a plan");
  }

  /**
   * Device memory.
   *
   * @throws IllegalArgumentException if the engine computes in host memory
   */
  default DeviceBuffer allocate(long bytes) {
    throw new IllegalArgumentException(describe() + " computes in host memory, expected a device with memory of its own; use an Arena");
  }

  /** Waits until all that was launched is done. */
  default void synchronize() {}

  /** Times what is launched. */
  default Stopwatch stopwatch() {
    return new HostStopwatch();
  }

  /** Names of the checks that the engine can make of its own parts, on its device. */
  default List<String> selfChecks() {
    return List.of();
  }

  /**
   * Makes one of them.
   *
   * @throws IllegalArgumentException if none has that name
   */
  default SelfCheck selfCheck(String name) {
    throw new IllegalArgumentException(describe() + " has no check of that name: '" + name + "'");
  }

  /** {@code output = log softmax(logits / temperature)}, row by row. */
  void logSoftmax(MatrixView logits, double temperature, MatrixView output);

  /** {@code output = (upstream - softmax(logits / temperature) * sum(upstream)) / temperature}, row by row. */
  void logSoftmaxBackward(MatrixView logits, double temperature, MatrixView upstream, MatrixView output);

  /** {@code output = softmax(logits)}, row by row. */
  void softmax(MatrixView logits, MatrixView output);

  /** Index of the largest logit of each row: ties to the lowest index; a row that holds NaN gives its first NaN. */
  void argmax(MatrixView logits, RowVector output);

  @Override
  void close();
}
