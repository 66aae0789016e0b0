package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.emulator.Emulator;
import dev.temper.spi.LossCall;
import dev.temper.spi.Support;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Tests that an unclosed engine is closed when it becomes unreachable, and not before. */
class UnclosedEnginesTest {

  private static final HostMatrix MATRIX = HostMatrix.of(new float[] {1, 2, 3}, 1, 3);
  private static final LossInputs INPUTS = LossInputs.of(MATRIX).withTeacher(Teacher.logits(MATRIX));
  private static final DistillationLoss LOSS = DistillationLoss.builder().build();

  @Test
  @EnabledOnOs(OS.LINUX)
  void threeHundredDroppedEnginesLeaveNoThreads() throws Exception {
    assumeTrue(LossEngine.devices().getOrDefault("cpu", Availability.missing("")).usable());
    int before = threads();
    for (int i = 0; i < 300; i++) {
      LossEngine engine = LossEngine.open("cpu", EngineOptions.defaults().withThreads(3));
      assertThat(engine.forward(LOSS, INPUTS).total()).isZero();
    }
    assertThat(becomesTrue(() -> threads() <= before + 10)).as("%d threads, %d before", threads(), before).isTrue();
  }

  @Test
  void anEngineIsClosedOnceAndOnlyWhenItIsUnreachable() throws Exception {
    AtomicInteger closed = new AtomicInteger();
    LossEngine engine = new LossEngine("counted", "", new Counted(closed));
    LossResult result = engine.forward(LOSS, INPUTS);
    engine = new LossEngine("counted", "", new Counted(closed));
    System.gc();
    Thread.sleep(100);
    assertThat(closed).as("a result refers to its engine").hasValue(0);
    assertThat(result.total()).isZero();
    engine.close();
    engine.close();
    assertThat(closed).hasValue(1);
    result = null;
    engine = null;
    assertThat(becomesTrue(() -> closed.get() == 2)).isTrue();
  }

  @Test
  void aBufferKeepsItsEngine() throws Exception {
    Emulator.assumeUsable();
    DeviceBuffer buffer = LossEngine.open("emulator").allocate(64);
    System.gc();
    Thread.sleep(100);
    buffer.upload(MemorySegment.ofArray(new byte[64]));
    assertThat(buffer.toString()).startsWith("64 bytes on emulator at device address 0x");
    buffer.close();
  }

  private static boolean becomesTrue(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 200 && !condition.getAsBoolean(); i++) {
      System.gc();
      Thread.sleep(50);
    }
    return condition.getAsBoolean();
  }

  private static int threads() {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
      return (int) tasks.count();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** A backend that counts the calls of {@link #close()} over all instances. */
  private static final class Counted extends LossBackend {
    private final AtomicInteger closed;

    Counted(AtomicInteger closed) {
      super("counted");
      this.closed = closed;
    }

    @Override
    public Support supports(LossCall call) {
      return Support.yes();
    }

    @Override
    public LossResult compute(LossCall call) {
      return () -> LossTotals.of(0, 0, 0, 1, 1, 0);
    }

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }
}
