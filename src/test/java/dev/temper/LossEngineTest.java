package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.spi.LossCall;
import dev.temper.spi.Support;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests opening by name, device memory on engines in host memory, and the lifetime of an engine. */
class LossEngineTest {

  private static final DistillationLoss HARD = DistillationLoss.builder().softWeight(0).hardWeight(1).build();
  private static final LossInputs INPUTS = LossInputs.of(HostMatrix.of(new float[] {1, 2}, 1, 2))
      .withLabels(RowVector.labels(1));

  @Test
  void autoFindsAnEngineAndSaysWhy() {
    try (LossEngine engine = LossEngine.open("auto")) {
      assertThat(engine.selection()).startsWith("auto took " + engine.device());
      assertThat(engine.describe()).isNotEmpty();
      assertThat(engine.forward(HARD, INPUTS).total()).isCloseTo(Math.log1p(Math.exp(-1)), within(1e-6));
    }
  }

  @Test
  void theReferenceIsAlwaysThere() {
    assertThat(LossEngine.devices()).containsKeys("cpu", "cuda", "emulator", "reference");
    assertThat(LossEngine.devices().get("reference")).extracting(Availability::usable).isEqualTo(true);
  }

  @Test
  void unknownDevicesAreRefusedWithTheNearestName() {
    assertThatThrownBy(() -> LossEngine.open("cdua"))
        .isExactlyInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("unknown device 'cdua'", "did you mean 'cuda'", "auto, cuda, cpu, ", "cuda:1");
    assertThatThrownBy(() -> LossEngine.open(System.getProperty("temper.absent")))
        .isInstanceOf(NullPointerException.class).hasMessage("device is null, expected a name such as auto or cpu");
    for (String name : new String[] {"gpu", "GPU:1", "nvidia"}) {
      assertThatThrownBy(() -> LossEngine.open(name))
          .hasMessageContaining("unknown device '" + name + "' (did you mean 'cuda'?); known: ");
    }
    assertThatThrownBy(() -> LossEngine.open("reference:x"))
        .hasMessageContainingAll("'reference:x'", "number of 0 or more");
    assertThatThrownBy(() -> LossEngine.open("reference:-1"))
        .hasMessageContainingAll("'reference:-1'", "number of 0 or more");
    assertThatThrownBy(() -> LossEngine.open("reference:1"))
        .isExactlyInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("reference:1 does not exist");
  }

  @Test
  void aDeviceThatIsNotThereSaysWhatIsMissing() {
    LossEngine.devices().forEach((device, availability) -> {
      if (!availability.usable()) {
        assertThatThrownBy(() -> LossEngine.open(device))
            .isInstanceOf(EngineUnavailableException.class).hasMessageNotContaining("null");
      }
    });
  }

  @Test
  void hostEnginesRefuseDeviceMemoryByTensor() {
    try (LossEngine engine = LossEngine.open("reference")) {
      LossInputs inputs = INPUTS.withLabels(RowVector.labelsAt(64, 1, DType.I32));
      assertThatThrownBy(() -> engine.forward(HARD, inputs))
          .isExactlyInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("labels lies in device memory", "engine reference", "copy it to the host");
      DeviceMatrix matrix = new DeviceMatrix(64, 1, 2, 2, DType.F32);
      assertThatThrownBy(() -> engine.softmax(INPUTS.student(), matrix))
          .hasMessageContaining("output lies in device memory");
      LossInputs unread = INPUTS.withTeacher(Teacher.logits(matrix)); // The loss HARD has softWeight 0.
      assertThat(engine.forward(HARD, unread).total()).isPositive();
    }
  }

  @Test
  void aClosedEngineSaysSo() {
    LossEngine engine = LossEngine.open("reference");
    engine.close();
    engine.close();
    assertThatThrownBy(() -> engine.forward(HARD, INPUTS))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContainingAll("engine reference is closed", "open another");
    HostMatrix logits = HostMatrix.of(new float[2], 1, 2);
    assertThatThrownBy(() -> engine.softmax(logits, logits))
        .isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
  }

  @Test
  void whatAnEngineCannotDoIsRefusedByNameBeforeItRuns() {
    try (LossEngine engine = new LossEngine("slow", "",
        new Slow(Support.no(LossOption.SOFTCAP, " ", 3.0, " is not there yet")))) {
      assertThatThrownBy(() -> engine.forward(HARD, INPUTS))
          .isInstanceOfSatisfying(UnsupportedLossException.class, e -> {
            assertThat(e.device()).isEqualTo("slow");
            assertThat(e.reason()).isEqualTo("softcap 3.0 is not there yet");
            assertThat(e.words()).endsWith(LossOption.SOFTCAP, " ", 3.0, " is not there yet");
          })
          .hasMessage("slow cannot compute this loss: softcap 3.0 is not there yet");
    }
  }

  @Test
  @Timeout(20)
  void closingWaitsForCallsUnderWay() throws InterruptedException {
    Slow slow = new Slow(Support.yes());
    LossEngine engine = new LossEngine("slow", "", slow);
    Thread caller = Thread.ofPlatform().start(() -> engine.forward(HARD, INPUTS));
    slow.begun.await();
    Thread closer = Thread.ofPlatform().start(engine::close);
    assertThat(closer.join(Duration.ofMillis(100))).isFalse();
    assertThat(slow.closed).isFalse();
    slow.mayEnd.countDown();
    caller.join();
    closer.join();
    assertThat(slow.closed).isTrue();
    assertThat(slow.closedWhileRunning).isFalse();
  }

  /** A backend whose call lasts until the test ends it. */
  private static final class Slow extends LossBackend {
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch mayEnd = new CountDownLatch(1);
    final AtomicBoolean closed = new AtomicBoolean();
    final AtomicBoolean closedWhileRunning = new AtomicBoolean();
    private final Support support;

    Slow(Support support) {
      super("slow");
      this.support = support;
    }

    @Override
    public Support supports(LossCall call) {
      return support;
    }

    @Override
    public LossResult compute(LossCall call) {
      begun.countDown();
      try {
        assertThat(mayEnd.await(10, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      closedWhileRunning.set(closed.get());
      return () -> LossTotals.of(0, 0, 0, 1, 1, 0);
    }

    @Override
    public void close() {
      closed.set(true);
    }
  }
}
