package dev.temper;

import dev.temper.diagnostics.DeviceFacts;
import dev.temper.diagnostics.SelfCheck;
import dev.temper.diagnostics.Stopwatch;
import dev.temper.internal.Devices;
import dev.temper.internal.LossChecks;
import dev.temper.internal.OpenedDevice;
import dev.temper.internal.CallTensor;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Computes losses on one device. May be used from several threads at once; closing waits for calls under way.
 *
 * {@snippet class="dev.temper.snippets.TrainingLoop" region="loop"}
 *
 * <p>The same device and the same inputs give the same bits, run after run. Nothing proportional to the logits is allocated.
 */
public final class LossEngine implements AutoCloseable {

  /** Columns of the row statistics that a forward call can save for {@link #backward}. */
  public static final int STATISTICS_COLUMNS = 8;

  private final String device;
  private final String selection;
  private final EngineBackend backend;
  private final ReentrantReadWriteLock lifetime = new ReentrantReadWriteLock();
  private boolean closed;

  public LossEngine(String device, String selection, EngineBackend backend) {
    this.device = device;
    this.selection = selection;
    this.backend = backend;
  }

  /**
   * Opens an engine.
   *
   * @param device {@code auto} (the fastest that is usable), {@code cpu}, {@code reference}, {@code cuda}, {@code cuda:N}
   * @throws IllegalArgumentException if no engine has that name
   * @throws dev.temper.EngineUnavailableException if the device cannot be used on this machine, with the reason
   */
  public static LossEngine open(String device) {
    return open(device, EngineOptions.defaults());
  }

  /** {@link #open(String)} with options. */
  public static LossEngine open(String device, EngineOptions options) {
    OpenedDevice opened = Devices.open(device, options);
    return new LossEngine(opened.name(), opened.selection(), opened.backend());
  }

  /** Kind of device, such as {@code cpu}. */
  public String device() {
    return device;
  }

  /**
   * Every kind of device that an engine on the class path serves, in the order in which {@code auto} tries them, and whether
   * it can be used here.
   */
  public static Map<String, Availability> devices() {
    return Devices.availability();
  }

  /** Why this device was taken, in one sentence; tells what {@code auto} passed over. */
  public String selection() {
    return selection;
  }

  /** What computes, in one phrase, such as {@code cpu (AVX-512, 2 threads)}. */
  public String describe() {
    return backend.describe();
  }

  /** What the device tells of itself; empty if this engine computes in host memory. */
  public Optional<DeviceFacts> facts() {
    return running(backend::facts);
  }

  /**
   * The loss without its gradient; {@code outputs} may ask for row losses and row statistics.
   *
   * @throws IllegalArgumentException if a tensor does not fit the loss or another tensor, a label, row weight or row
   *     temperature is invalid, or the device cannot compute this loss; nothing is written then
   */
  public LossResult forward(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    if (outputs.gradient() != null) {
      throw new IllegalArgumentException("forward writes no gradient, but outputs hold one; call forwardBackward");
    }
    return compute(check(loss, inputs, outputs, null));
  }

  /** The loss without its gradient: totals only. */
  public LossResult forward(DistillationLoss loss, LossInputs inputs) {
    return forward(loss, inputs, LossOutputs.none());
  }

  /**
   * The loss and its gradient by the student's logits, in one pass.
   *
   * @throws IllegalArgumentException as for {@link #forward}, or if the gradient is missing, does not fit, or overlaps an input
   *     without being asked to be in place
   */
  public LossResult forwardBackward(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    LossChecks.requireGradient(outputs, "forwardBackward");
    return compute(check(loss, inputs, outputs, null));
  }

  /**
   * The gradient alone, from the row statistics that a forward call with the same loss and logits has saved.
   *
   * @param statistics [rows, {@value #STATISTICS_COLUMNS}] F32
   * @throws IllegalArgumentException as for {@link #forwardBackward}, or if outputs ask for more than the gradient
   */
  public void backward(DistillationLoss loss, LossInputs inputs, LogitMatrix statistics, LossOutputs outputs) {
    LossChecks.requireGradient(outputs, "backward");
    LossChecks.requireNothingButGradient(outputs);
    compute(check(loss, inputs, outputs, statistics)).totals();
  }

  /**
   * Makes a loss ready to be launched many times over the same memory: forward where the outputs hold no gradient, forward and
   * backward where they do.
   *
   * @throws IllegalArgumentException as for {@link #forwardBackward}; labels, row weights and row temperatures are checked by
   *     every launch
   */
  public PreparedLoss prepare(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    LossCall call = check(loss, inputs, outputs, null);
    return running(() -> {
      requireComputable(call);
      return new PreparedLoss(this, backend.prepare(call));
    });
  }

  /**
   * The plans by which {@link #prepare} could spread the rows of a loss over the device: first the one that it takes by itself, then
   * those most like it. Results differ in the last bits only; which is fastest is measured by {@code temper bench --suite gpu --parts
   * plans}. Empty where the engine has no choice.
   *
   * @throws IllegalArgumentException as for {@link #prepare}
   */
  public List<String> plans(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    LossCall call = check(loss, inputs, outputs, null);
    return running(() -> {
      requireComputable(call);
      return backend.plans(call);
    });
  }

  /**
   * {@link #prepare(DistillationLoss, LossInputs, LossOutputs)} with a plan of the caller's choice.
   *
   * @param plan one of {@link #plans}
   * @throws IllegalArgumentException also if the rows do not fit that plan on this device; the message lists those that they fit
   */
  public PreparedLoss prepare(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, String plan) {
    LossCall call = check(loss, inputs, outputs, null);
    return running(() -> {
      requireComputable(call);
      return new PreparedLoss(this, backend.prepare(call, plan));
    });
  }

  /**
   * Memory of this engine's device.
   *
   * @param bytes 1 or more
   * @throws IllegalArgumentException if the engine computes in host memory
   */
  public DeviceBuffer allocate(long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("bytes is " + bytes + ", expected 1 or more");
    }
    return running(() -> backend.allocate(bytes));
  }

  /** Waits until everything that was launched here is done; a host engine has finished when a call returns. */
  public void synchronize() {
    running(() -> {
      backend.synchronize();
      return this;
    });
  }

  /** A stopwatch for what this engine runs. */
  public Stopwatch stopwatch() {
    return running(backend::stopwatch);
  }

  /**
   * Checks that this engine can make of its own parts, on its device: functions of its kernels that losses use together and cannot
   * tell apart. Empty where the engine runs no kernels.
   */
  public List<String> selfChecks() {
    return running(backend::selfChecks);
  }

  /**
   * Makes one of these checks.
   *
   * @param name one of {@link #selfChecks()}
   * @throws IllegalArgumentException if none has that name
   */
  public SelfCheck selfCheck(String name) {
    return running(() -> backend.selfCheck(name));
  }

  /**
   * Tempered log-softmax, a training primitive: {@code output = log softmax(logits / temperature)}.
   *
   * @param logits [rows, classes]
   * @param temperature finite and above 0
   * @param output [rows, classes] of any floating dtype; may be the very same view as the logits
   */
  public void logSoftmax(LogitMatrix logits, double temperature, LogitMatrix output) {
    LossChecks.requireTemperature(temperature);
    LossChecks.requireMappable("logits", logits, "output", output);
    requireReachable(CallTensor.of("logits", logits), CallTensor.of("output", output));
    running(() -> {
      backend.logSoftmax(logits, temperature, output);
      return output;
    });
  }

  /**
   * Backward of {@link #logSoftmax}: {@code output = (upstream - softmax(logits / temperature) * sum(upstream)) /
   * temperature}.
   *
   * @param logits [rows, classes], what the forward call read
   * @param temperature finite and above 0
   * @param upstream [rows, classes], gradient by the log-probabilities
   * @param output [rows, classes], gradient by the logits; may be the very same view as logits or upstream
   */
  public void logSoftmaxBackward(LogitMatrix logits, double temperature, LogitMatrix upstream, LogitMatrix output) {
    LossChecks.requireTemperature(temperature);
    LossChecks.requireMappable("logits", logits, "output", output);
    LossChecks.requireMappable("upstream", upstream, "output", output);
    requireReachable(CallTensor.of("logits", logits), CallTensor.of("upstream", upstream), CallTensor.of("output", output));
    running(() -> {
      backend.logSoftmaxBackward(logits, temperature, upstream, output);
      return output;
    });
  }

  /**
   * Softmax for inference: takes no temperature, because a distilled student is used at T = 1.
   *
   * @param logits [rows, classes]
   * @param output [rows, classes]; may be the very same view as the logits
   */
  public void softmax(LogitMatrix logits, LogitMatrix output) {
    LossChecks.requireMappable("logits", logits, "output", output);
    requireReachable(CallTensor.of("logits", logits), CallTensor.of("output", output));
    running(() -> {
      backend.softmax(logits, output);
      return output;
    });
  }

  /**
   * Most probable class of each row: ties go to the lowest index; a row that holds NaN gives its first NaN, as in NumPy.
   *
   * @param logits [rows, classes]
   * @param output [rows], I32 or I64
   */
  public void argmax(LogitMatrix logits, RowVector output) {
    LossChecks.requireLabelVector("output", output, logits.rows());
    CallTensor read = CallTensor.of("logits", logits);
    CallTensor written = CallTensor.of("output", output);
    read.requireReadable();
    written.requireWritable();
    written.requireDisjoint(read);
    requireReachable(read, written);
    running(() -> {
      backend.argmax(logits, output);
      return output;
    });
  }

  /** Closes the engine after the calls under way; later calls throw {@link IllegalStateException}. Closing twice is allowed. */
  @Override
  public void close() {
    lifetime.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        backend.close();
      }
    } finally {
      lifetime.writeLock().unlock();
    }
  }

  private LossResult compute(LossCall call) {
    return running(() -> {
      requireComputable(call);
      return backend.compute(call);
    });
  }

  private LossCall check(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, @Nullable LogitMatrix savedStatistics) {
    return LossChecks.check(loss, inputs, outputs, savedStatistics, backend.acceptsDeviceMemory() ? null : device);
  }

  private void requireComputable(LossCall call) {
    String refusal = backend.refuses(call);
    if (!refusal.isEmpty()) {
      throw new IllegalArgumentException(device + " cannot compute this loss: " + refusal);
    }
  }

  private void requireReachable(CallTensor... tensors) {
    if (!backend.acceptsDeviceMemory()) {
      for (CallTensor tensor : tensors) {
        tensor.requireHost(device);
      }
    }
  }

  private <R> R running(Supplier<R> work) {
    begin();
    try {
      return work.get();
    } finally {
      end();
    }
  }

  /** Keeps the engine open until {@link #end()}. */
  void begin() {
    lifetime.readLock().lock();
    if (closed) {
      lifetime.readLock().unlock();
      throw new IllegalStateException("engine " + device + " is closed; open another with LossEngine.open");
    }
  }

  void end() {
    lifetime.readLock().unlock();
  }
}
