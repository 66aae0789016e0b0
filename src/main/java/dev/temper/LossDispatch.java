package dev.temper;

import dev.temper.head.HeadLoss;
import dev.temper.internal.LossChecks;
import dev.temper.internal.OutputChecks;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.LossCall;
import dev.temper.spi.PreparedCall;
import dev.temper.spi.Support;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The loss calls of a {@link LossEngine}: the check of the tensors, the refusal of a loss that the backend does not
 * compute, and the computation by the backend, or by the head if the student has one.
 */
final class LossDispatch {

  private final LossEngine engine;
  private final EngineBackend backend;
  private final HeadLoss head;

  /** The engine closes backend and head. */
  LossDispatch(LossEngine engine, EngineBackend backend, HeadLoss head) {
    this.engine = engine;
    this.backend = backend;
    this.head = head;
  }

  LossResult forward(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    if (outputs.hasGradient()) {
      throw new IllegalArgumentException("forward writes no gradient, but outputs hold one; call forwardBackward");
    }
    return compute(check(loss, inputs, outputs, null));
  }

  LossResult forwardBackward(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    OutputChecks.requireGradient(outputs, "forwardBackward");
    return compute(check(loss, inputs, outputs, null));
  }

  void backward(DistillationLoss loss, LossInputs inputs, RowStatistics statistics, LossOutputs outputs) {
    requireLogits(inputs, "backward");
    OutputChecks.requireGradient(outputs, "backward");
    OutputChecks.requireNothingButGradient(outputs);
    LossCall call = check(loss, inputs, outputs, statistics);
    statistics.requireSaved(CallIdentity.of(loss, inputs));
    compute(call).totals();
  }

  PreparedLoss prepare(DistillationLoss loss, LossInputs inputs, LossOutputs outputs) {
    if (inputs.head() == null) {
      return prepare(loss, inputs, outputs, backend::prepare);
    }
    LossCall call = check(loss, inputs, outputs, null);
    return engine.running(
        () -> new PreparedLoss(engine, head.prepare(call), null, CallIdentity.of(loss, inputs)));
  }

  /** Prepares a loss over the student's logits with a method of the backend. */
  PreparedLoss prepare(
      DistillationLoss loss, LossInputs inputs, LossOutputs outputs, Function<LossCall, PreparedCall> preparation) {
    return withLogits(loss, inputs, outputs, call -> new PreparedLoss(engine, preparation.apply(call),
        outputs.statistics(), CallIdentity.of(loss, inputs)));
  }

  /** Checks a call over the student's logits, and runs an operation of the backend on it. */
  <R> R withLogits(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, Function<LossCall, R> operation) {
    LossCall call = check(loss, inputs, outputs, null);
    return engine.running(() -> {
      requireLogits(inputs, "a plan of a kernel");
      requireComputable(engine.device(), backend, call);
      return operation.apply(call);
    });
  }

  RowStatistics allocateStatistics(long rows) {
    int columns = LossCall.STATISTICS_COLUMNS;
    if (rows < 0 || rows > Long.MAX_VALUE / columns / Float.BYTES) {
      throw new IllegalArgumentException("rows is " + rows + ", expected 0 or more, and at most what memory can hold");
    }
    long bytes = Math.max(1, rows) * columns * Float.BYTES;
    if (backend.acceptsDeviceMemory()) {
      DeviceBuffer buffer = engine.allocate(bytes);
      return new RowStatistics(engine, buffer.matrix(rows, columns, DType.F32), buffer);
    }
    // The bytes 0xFF are NaN, which marks rows that no forward call has written.
    MemorySegment memory = Arena.ofAuto().allocate(bytes, Float.BYTES).fill((byte) 0xFF);
    return new RowStatistics(engine, new HostMatrix(memory, rows, columns, columns, DType.F32), null);
  }

  private LossResult compute(LossCall call) {
    RowStatistics statistics = call.outputs().statistics();
    return engine.running(() -> {
      if (call.inputs().head() != null) {
        return read(head.compute(call));
      }
      requireComputable(engine.device(), backend, call);
      if (statistics != null) {
        statistics.clear();
      }
      LossResult result = read(backend.compute(call));
      if (statistics != null) {
        statistics.written(CallIdentity.of(call.loss(), call.inputs()));
      }
      return result;
    });
  }

  /** Wraps a result. The result of a host engine is complete and is read at once, so that toString shows it. */
  private LossResult read(LossResult computed) {
    LossResult result = new EngineResult(engine, computed);
    if (!backend.acceptsDeviceMemory()) {
      result.totals();
    }
    return result;
  }

  private LossCall check(DistillationLoss loss, LossInputs inputs, LossOutputs outputs, @Nullable RowStatistics saved) {
    long rows = inputs.student().rows();
    RowStatistics written = outputs.statistics();
    return LossChecks.check(loss, inputs, outputs, written == null ? null : written.memoryFor(engine, rows),
        saved == null ? null : saved.memoryFor(engine, rows), engine.hostOnly());
  }

  private static void requireLogits(LossInputs inputs, String method) {
    if (inputs.head() != null) {
      throw new IllegalArgumentException(method + " needs the logits of the student, but it is given by hidden states;"
          + " call forward, forwardBackward or prepare");
    }
  }

  static void requireComputable(String device, EngineBackend backend, LossCall call) {
    switch (backend.supports(call)) {
      case Support.Yes _ -> { }
      case Support.No no -> throw new UnsupportedLossException(device, no.reason());
    }
  }
}
