package dev.temper;

import dev.temper.diagnostics.EngineDiagnostics;
import dev.temper.head.HeadLoss;
import dev.temper.internal.Devices;
import dev.temper.internal.EngineLifetime;
import dev.temper.internal.OpenedDevice;
import dev.temper.internal.SoftmaxChecks;
import dev.temper.spi.EngineBackend;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Computes losses on one device. Several threads may use an engine at once. Closing waits for running calls.
 *
 * {@snippet class="dev.temper.snippets.TrainingLoop" region="loop"}
 *
 * <p>The same device and the same inputs give the same bits in every run. Calls allocate no memory in proportion to the
 * logits, except for device copies of tensors in host memory. The chunks of a {@link LinearHead} have a fixed limit.
 */
public final class LossEngine implements AutoCloseable {

  private final String device;
  private final String selection;
  private final EngineBackend backend;
  private final LossDispatch losses;
  private final SoftmaxChecks softmaxChecks;
  private final EngineLifetime lifetime;
  private final Cleaner.Cleanable unclosed;

  /**
   * Creates an engine over a backend that no provider opened. {@code selection} describes its origin in one sentence.
   */
  public LossEngine(String device, String selection, EngineBackend backend) {
    this(device, selection, backend, EngineOptions.defaults());
  }

  LossEngine(String device, String selection, EngineBackend backend, EngineOptions options) {
    this.device = device;
    this.selection = selection;
    this.backend = backend;
    HeadLoss head = new HeadLoss(backend, options, call -> LossDispatch.requireComputable(device, backend, call));
    losses = new LossDispatch(this, backend, head);
    softmaxChecks = new SoftmaxChecks(hostOnly());
    lifetime = new EngineLifetime(device, () -> closeBoth(head, backend));
    unclosed = lifetime.closeWith(this);
  }

  private static void closeBoth(HeadLoss head, EngineBackend backend) {
    try (backend) {
      head.close();
    }
  }

  /**
   * Opens an engine.
   *
   * @param device {@code auto} (the fastest that is usable), {@code cpu}, {@code reference}, {@code cuda}, {@code
   *     cuda:N}
   * @throws IllegalArgumentException if no engine has that name
   * @throws EngineUnavailableException if the device cannot be used on this machine; the message holds the reason
   */
  public static LossEngine open(String device) {
    return open(device, EngineOptions.defaults());
  }

  /** Opens an engine with options; see {@link #open(String)}. */
  public static LossEngine open(String device, EngineOptions options) {
    Objects.requireNonNull(device, "device is null, expected a name such as auto or cpu");
    OpenedDevice opened = Devices.open(device, options);
    return new LossEngine(opened.name(), opened.selection(), opened.backend(), options);
  }

  /** Kind of device, such as {@code cpu}. */
  public String device() {
    return device;
  }

  /**
   * Every kind of device that an engine on the class path serves, in the order in which {@code auto} tries them, and
   * whether it can be used here.
   */
  public static Map<String, Availability> devices() {
    return Devices.availability();
  }

  /** The reason for this device in one sentence, with the devices that {@code auto} passed over. */
  public String selection() {
    return selection;
  }

  /** The device in one phrase, such as {@code cpu (AVX-512, 2 threads)}. */
  public String describe() {
    return backend.describe();
  }

  /**
   * Computes the loss without its gradient. {@code outputs} may hold row losses and row statistics.
   *
   * @throws IllegalArgumentException if a tensor does not fit the loss or another tensor, or if a label, row weight or
   *     row temperature is invalid; nothing is written then
   * @throws UnsupportedLossException if the engine does not compute this loss
   */
  public LossResult forward(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    return losses.forward(loss, inputs, outputs);
  }

  /** Computes the totals of the loss without its gradient. */
  public LossResult forward(DistillationLoss loss, LossInputs inputs) {
    return forward(loss, inputs, LossOutputs.none());
  }

  /**
   * Computes the loss and its gradient with respect to the student's logits in one pass. Where the student has a head,
   * it computes the loss and its gradients with respect to hidden states, weight and bias in chunks of rows.
   *
   * @throws IllegalArgumentException as for {@link #forward}, or if the gradient is missing, does not fit, or overlaps
   *     an input that it does not replace; for a head also if the workspace is too small for one row
   * @throws UnsupportedLossException if the engine does not compute this loss
   * @throws EngineUnavailableException if the student has a head and the library of the matrix products is missing
   */
  public LossResult forwardBackward(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    return losses.forwardBackward(loss, inputs, outputs);
  }

  /**
   * Computes the gradient alone, from the row statistics that a forward call with the same loss and inputs has saved.
   * The call waits for the device, because labels, row weights and row temperatures are checked again.
   *
   * @param statistics from {@link #allocateStatistics} of this engine, filled by a forward call
   * @throws IllegalArgumentException as for {@link #forwardBackward}, or if outputs hold more than the gradient, or if
   *     the statistics are closed, empty, of another engine, or of a call with another loss or other shapes; the
   *     message says which
   */
  public void backward(DistillationLoss loss, LossInputs inputs, RowStatistics statistics, LossOutputs outputs) {
    losses.backward(loss, inputs, statistics, outputs);
  }

  /**
   * Prepares a loss for many launches over the same memory. A launch computes the gradient too if the outputs hold one.
   *
   * @throws IllegalArgumentException as for {@link #forwardBackward}; labels, row weights and row temperatures are
   *     checked by every launch
   * @throws UnsupportedLossException if the engine does not compute this loss
   * @throws EngineUnavailableException if the student has a head and the library of the matrix products is missing
   */
  public PreparedLoss prepare(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    return losses.prepare(loss, inputs, outputs);
  }

  /**
   * Allocates memory of this engine's device.
   *
   * @param bytes 1 or more
   * @throws IllegalArgumentException if the engine computes in host memory
   */
  public DeviceBuffer allocate(long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("bytes is " + bytes + ", expected 1 or more");
    }
    return running(() -> new EngineBuffer(this, backend.allocate(bytes)));
  }

  /**
   * Allocates memory for the values that forward calls save for {@link #backward}: device memory on a device engine,
   * host memory otherwise.
   *
   * @param rows of the student, 0 or more
   */
  public RowStatistics allocateStatistics(long rows) {
    return losses.allocateStatistics(rows);
  }

  /** Waits until all launches of this engine are complete. Calls of a host engine are complete when they return. */
  public void synchronize() {
    running(() -> {
      backend.synchronize();
      return this;
    });
  }

  /** Returns the interface for benchmarks and verification: facts of the device, plans, self-checks, a stopwatch. */
  public EngineDiagnostics diagnostics() {
    return new RunningDiagnostics(this, backend, losses);
  }

  /**
   * Computes the tempered log-softmax: {@code output = log softmax(logits / temperature)}.
   *
   * @param logits [rows, classes] F32, BF16 or F16
   * @param temperature from {@value DistillationLoss#MIN_TEMPERATURE} to {@value DistillationLoss#MAX_TEMPERATURE}
   * @param output [rows, classes] F32, BF16 or F16; may be the same view as the logits
   * @throws IllegalArgumentException if a shape, a dtype or the temperature is invalid, or if the output overlaps an
   *     input without being the same view
   */
  public void logSoftmax(MatrixView logits, double temperature, MatrixView output) {
    softmaxChecks.logSoftmax(logits, temperature, output);
    running(() -> {
      backend.logSoftmax(logits, temperature, output);
      return output;
    });
  }

  /**
   * Computes the gradient of {@link #logSoftmax} with respect to its logits: {@code output =
   * (upstream - softmax(logits / temperature) * sum(upstream)) / temperature}.
   *
   * @param logits [rows, classes], the logits of the forward call
   * @param temperature from {@value DistillationLoss#MIN_TEMPERATURE} to {@value DistillationLoss#MAX_TEMPERATURE}
   * @param upstream [rows, classes] F32, BF16 or F16, gradient with respect to the log-probabilities
   * @param output [rows, classes] F32, BF16 or F16, gradient with respect to the logits; may be the same view as logits
   *     or upstream
   * @throws IllegalArgumentException if a shape, a dtype or the temperature is invalid, or if the output overlaps an
   *     input without being the same view
   */
  public void logSoftmaxBackward(MatrixView logits, double temperature, MatrixView upstream, MatrixView output) {
    softmaxChecks.logSoftmaxBackward(logits, temperature, upstream, output);
    running(() -> {
      backend.logSoftmaxBackward(logits, temperature, upstream, output);
      return output;
    });
  }

  /**
   * Computes the softmax at temperature 1, as a distilled student is used after training.
   *
   * @param logits [rows, classes] F32, BF16 or F16
   * @param output [rows, classes] F32, BF16 or F16; may be the same view as the logits
   * @throws IllegalArgumentException if a shape or a dtype is invalid, or if the output overlaps the logits without
   *     being the same view
   */
  public void softmax(MatrixView logits, MatrixView output) {
    softmaxChecks.softmax(logits, output);
    running(() -> {
      backend.softmax(logits, output);
      return output;
    });
  }

  /**
   * Computes the most probable class of each row. Of equal logits the lowest index is chosen. A row with NaN gives the
   * index of its first NaN, as in NumPy.
   *
   * @param logits [rows, classes] F32, BF16 or F16
   * @param output [rows] I32 or I64
   * @throws IllegalArgumentException if the length or the dtype is invalid, or if the output overlaps the logits
   */
  public void argmax(MatrixView logits, RowVector output) {
    softmaxChecks.argmax(logits, output);
    running(() -> {
      backend.argmax(logits, output);
      return output;
    });
  }

  /**
   * Computes the {@code k} most probable classes of each row in new host memory, with log-probabilities normalised over
   * all classes. Equal logits give the lower class first.
   *
   * @param logits logits of a teacher, [rows, classes]
   * @param k slots of a row, 1 to {@value Teacher#MOST_IDS}
   * @param temperature temperature of the log-probabilities, from {@value DistillationLoss#MIN_TEMPERATURE} to
   *     {@value DistillationLoss#MAX_TEMPERATURE}
   * @throws LossArgumentException if {@code k} or the temperature is out of range, or if the lists are too large for
   *     Java arrays
   */
  public TopKLists topK(MatrixView logits, int k, double temperature) {
    TopKLists lists = TopKLists.allocate(logits.rows(), k, logits.classes(), temperature);
    topK(logits, lists);
    return lists;
  }

  /**
   * Computes the {@code k} most probable classes of each row in memory of the caller, which may be device memory on a
   * device engine.
   *
   * @param logits logits of a teacher, [rows, classes]
   * @param into lists with the rows and classes of the logits and F32 log-probabilities; k and the temperature are
   *     those of the lists
   * @throws IllegalArgumentException if the lists do not fit the logits or overlap them
   */
  public void topK(MatrixView logits, TopKLists into) {
    softmaxChecks.topK(logits, into);
    running(() -> {
      backend.topK(logits, into);
      return into;
    });
  }

  /**
   * Closes the engine after the running calls; later calls throw {@link IllegalStateException}. Closing twice is
   * allowed. An engine that nobody closes is closed some time after the last reference to it, its results and its
   * buffers is gone.
   */
  @Override
  public void close() {
    lifetime.close();
    unclosed.clean();
  }

  /** The device in one phrase, such as {@code LossEngine[cpu (AVX-512, 2 threads)]}. */
  @Override
  public String toString() {
    return "LossEngine[" + backend.describe() + "]";
  }

  /** Returns the device name if the engine computes in host memory, else null. */
  @Nullable String hostOnly() {
    return backend.acceptsDeviceMemory() ? null : device;
  }

  /** Keeps the engine open until {@link #end()}. */
  void begin() {
    lifetime.begin();
  }

  void end() {
    try {
      lifetime.end();
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Runs work while the engine is kept open. */
  <R> R running(Supplier<R> work) {
    begin();
    try {
      return work.get();
    } finally {
      end();
    }
  }
}
