package dev.temper.kernel.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.LossTotals;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.Readback;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

/** Ways back from a device that does nothing but have them. */
class ReadbacksTest {

  private static final LossTotals TOTALS = new LossTotals(3, 1, 2, 5, 4, 0);

  private final Readbacks readbacks = new Readbacks((KernelDevice) Proxy.newProxyInstance(
      KernelDevice.class.getClassLoader(), new Class<?>[] {KernelDevice.class}, (_, _, _) -> new Landed()), new ReentrantLock());

  @Test
  void aResultThatIsDroppedAfterItWasReadFreesNobodyElsesWay() {
    Readbacks.Turn first = readbacks.take();
    assertThat(readbacks.read(first, _ -> TOTALS)).isEqualTo(TOTALS);
    Readbacks.Turn second = readbacks.take();
    assertThat(second.readback()).isSameAs(first.readback());
    readbacks.giveBack(first); // by the garbage collector
    assertThat(readbacks.take().readback()).isNotSameAs(second.readback());
  }

  @Test
  void totalsThatCouldNotBeReadAreNotSoughtWhereAnothersLie() {
    int[] reads = {0};
    PendingTotals lost = new PendingTotals(readbacks, readbacks.take(), _ -> {
      if (reads[0]++ > 0) {
        return TOTALS;
      }
      throw new IllegalStateException("the labels' arena is closed");
    });
    assertThatThrownBy(lost::totals).hasMessage("the labels' arena is closed");
    assertThatThrownBy(lost::totals).hasMessage("the labels' arena is closed");
  }

  private static final class Landed implements Readback {
    @Override
    public long address() {
      return 0;
    }

    @Override
    public void mark() {}

    @Override
    public MemorySegment await() {
      return Arena.ofAuto().allocate(1);
    }

    @Override
    public void close() {}
  }
}
