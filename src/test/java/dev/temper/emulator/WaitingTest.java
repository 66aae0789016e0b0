package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.LossEngine;
import dev.temper.LossTotals;
import dev.temper.OpenedEngine;
import dev.temper.PreparedLoss;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.Readback;
import dev.temper.kernel.run.KernelEngine;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A thread that waits for a device which takes its time; what others can do meanwhile. */
final class WaitingTest extends EmulatorTest {

  /** Long enough for any machine; what is expected to come comes long before. */
  private static final int SECONDS = 60;

  private final CountDownLatch waiting = new CountDownLatch(1);
  private final CountDownLatch done = new CountDownLatch(1);
  private final DeviceBatch batch = new DeviceBatch(5, 100, 5);

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void othersLaunchMeanwhile(boolean prepared) throws Exception {
    try (LossEngine slow = slow(); DeviceBatch.Buffers buffers = batch.new Buffers(slow); ExecutorService threads = Executors.newCachedThreadPool()) {
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
      threads.submit(() -> slow.forwardBackward(DeviceBatch.LOSS, buffers.inputs(), buffers.outputs())).get(SECONDS, TimeUnit.SECONDS);
      assertThat(totals).isNotDone();
      done.countDown();
      assertThat(totals.get(SECONDS, TimeUnit.SECONDS)).isEqualTo(batch.onHeap(engine()).totals());
    }
  }

  @Test
  void closingWaitsForWhoStillWaits() throws Exception {
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
      assertThatThrownBy(unread::totals).isInstanceOf(IllegalStateException.class).hasMessageContaining("the engine was closed before");
      buffers.close();
    }
  }

  /** The emulator, but what comes back from it arrives when the test says so; freed memory is not to be read. */
  private LossEngine slow() {
    EmulatorSettings settings = new EmulatorSettings("9.0", "run-ahead", 7, HostBuild.PLAIN);
    KernelDevice device = new EmulatedDevice(HostKernels.of(HostCompiler.find(System.getenv()), HostBuild.PLAIN), settings);
    return OpenedEngine.over("emulator", new KernelEngine((KernelDevice) Proxy.newProxyInstance(
        KernelDevice.class.getClassLoader(), new Class<?>[] {KernelDevice.class}, (proxy, method, given) -> {
          try {
            Object result = method.invoke(device, given);
            return result instanceof Readback readback ? new Late(readback) : result;
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        })));
  }

  private final class Late implements Readback {
    private final Readback readback;

    Late(Readback readback) {
      this.readback = readback;
    }

    @Override
    public long address() {
      return readback.address();
    }

    @Override
    public void mark() {
      readback.mark();
    }

    @Override
    public MemorySegment await() {
      waiting.countDown();
      try {
        assertThat(done.await(SECONDS, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return readback.await();
    }

    @Override
    public void close() {
      readback.close();
    }
  }
}
