package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DistillationLoss;
import dev.temper.EngineOptions;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossTotals;
import dev.temper.OpenedEngine;
import dev.temper.PreparedLoss;
import dev.temper.RowVector;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.ResultSlot;
import dev.temper.kernel.run.KernelEngine;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests calls of other threads while one thread waits for a slow device or for a compilation. */
final class WaitingTest extends EmulatorTest {

  /** A limit that only a deadlock reaches. */
  private static final int SECONDS = 60;

  private final CountDownLatch waiting = new CountDownLatch(1);
  private final CountDownLatch done = new CountDownLatch(1);
  private final DeviceBatch batch = new DeviceBatch(5, 100, 5);

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void othersLaunchMeanwhile(boolean prepared) throws Exception {
    try (LossEngine slow = slow(); DeviceBatch.Buffers buffers = batch.new Buffers(slow);
        ExecutorService threads = Executors.newCachedThreadPool()) {
      Future<LossTotals> totals = threads.submit(() -> {
        if (!prepared) {
          return slow.forwardBackward(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs()).totals();
        }
        try (PreparedLoss loss = slow.prepare(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs())) {
          loss.launch();
          return loss.totals();
        }
      });
      assertThat(waiting.await(SECONDS, TimeUnit.SECONDS)).isTrue();
      threads.submit(() -> slow.forwardBackward(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs()))
          .get(SECONDS, TimeUnit.SECONDS);
      assertThat(totals).isNotDone();
      done.countDown();
      assertThat(totals.get(SECONDS, TimeUnit.SECONDS)).isEqualTo(batch.onHeap(engine()).totals());
    }
  }

  @Test
  void closingWaitsForReaders() throws Exception {
    LossEngine slow = slow();
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      DeviceBatch.Buffers buffers = batch.new Buffers(slow);
      var result = slow.forwardBackward(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs());
      var unread = slow.forwardBackward(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs());
      Future<LossTotals> totals = threads.submit(result::totals);
      assertThat(waiting.await(SECONDS, TimeUnit.SECONDS)).isTrue();
      Future<?> closed = threads.submit(slow::close);
      assertThatThrownBy(() -> closed.get(50, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
      done.countDown();
      closed.get(SECONDS, TimeUnit.SECONDS);
      assertThat(totals.get(SECONDS, TimeUnit.SECONDS)).isEqualTo(batch.onHeap(engine()).totals());
      assertThatThrownBy(unread::totals).isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("the engine was closed before");
      buffers.close();
    }
  }

  /** Calls that need another kernel than the batch. */
  enum Waiting {
    LOSS, PREPARED, SOFTMAX, SELF_CHECK;

    void run(LossEngine engine) {
      HostMatrix logits = HostMatrix.of(new float[6], 2, 3);
      DistillationLoss loss = DistillationLoss.hinton(1, 0);
      LossInputs inputs = LossInputs.of(logits).withLabels(RowVector.labels(0, 1));
      switch (this) {
        case LOSS -> engine.forward(loss, inputs);
        case PREPARED -> engine.prepare(loss, inputs, LossOutputs.none()).close();
        case SOFTMAX -> engine.softmax(logits, logits);
        case SELF_CHECK -> assertThat(engine.diagnostics().selfCheck("exp2").mismatches()).isZero();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void othersLaunchDuringACompilation(Waiting call) throws Exception {
    CompletableFuture<Thread> compiling = new CompletableFuture<>();
    Set<Object> loaded = ConcurrentHashMap.newKeySet();
    try (LossEngine slow = over((method, given) -> {
      if (method.equals("load") && Thread.currentThread().equals(compiling.getNow(null))) {
        waiting.countDown();
        assertThat(done.await(SECONDS, TimeUnit.SECONDS)).isTrue();
        loaded.add(given[0]);
      }
      if (method.equals("prepare") && Thread.currentThread().equals(compiling.getNow(null))) {
        assertThat(loaded).as("a kernel that is prepared under the stream lock").contains(given[0]);
      }
    }, slot -> slot); ExecutorService threads = Executors.newCachedThreadPool()) {
      Future<?> first = threads.submit(() -> {
        compiling.complete(Thread.currentThread());
        call.run(slow);
      });
      assertThat(waiting.await(SECONDS, TimeUnit.SECONDS)).isTrue();
      Future<Boolean> other = threads.submit(() -> batch.onDevice(slow).same(batch.onHeap(engine())));
      assertThat(other.get(SECONDS, TimeUnit.SECONDS)).isTrue();
      assertThat(first).isNotDone();
      done.countDown();
      first.get(SECONDS, TimeUnit.SECONDS);
    }
  }

  /** An emulator whose results arrive when the test permits it. */
  private LossEngine slow() {
    return over((_, _) -> { }, Late::new);
  }

  private interface Watch {
    void called(String method, Object[] given) throws Exception;
  }

  /** An emulator that reports calls of the device before they happen, with result slots that stand for its own. */
  private LossEngine over(Watch watch, UnaryOperator<ResultSlot> slots) {
    EmulatorSettings settings = new EmulatorSettings("9.0", "run-ahead", 7, HostBuild.PLAIN);
    KernelDevice device = new EmulatedDevice(HostKernels.of(HostCompiler.find(System.getenv()), HostBuild.PLAIN),
        settings);
    return OpenedEngine.over("emulator", new KernelEngine((KernelDevice) Proxy.newProxyInstance(
        KernelDevice.class.getClassLoader(), new Class<?>[] {KernelDevice.class}, (proxy, method, given) -> {
          watch.called(method.getName(), given == null ? new Object[0] : given);
          try {
            Object result = method.invoke(device, given);
            return result instanceof ResultSlot slot ? slots.apply(slot) : result;
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        }), EngineOptions.defaults()));
  }

  private final class Late implements ResultSlot {
    private final ResultSlot slot;

    Late(ResultSlot slot) {
      this.slot = slot;
    }

    @Override
    public long address() {
      return slot.address();
    }

    @Override
    public void recordEvent() {
      slot.recordEvent();
    }

    @Override
    public MemorySegment await() {
      waiting.countDown();
      try {
        assertThat(done.await(SECONDS, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return slot.await();
    }

    @Override
    public void close() {
      slot.close();
    }
  }
}
