package dev.temper.kernel.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.LossResult;
import dev.temper.LossTotals;
import dev.temper.RowVector;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.device.ResultSlot;
import dev.temper.spi.layout.BatchReport;
import dev.temper.spi.LossCall;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;

/** Tests results of a device that only has result slots. */
final class PendingResultsTest {

  /** The report of two launches: the first has an invalid label in row 0, the second has none. */
  private final MemorySegment report = Arena.ofAuto().allocate(BatchReport.LAYOUT);
  private final KernelDevice device = (KernelDevice) Proxy.newProxyInstance(
      KernelDevice.class.getClassLoader(), new Class<?>[] {KernelDevice.class}, (_, _, _) -> new Written(report));
  private final PendingResults results = new PendingResults(new DeviceQueue(device));

  @Test
  void aLeaseThatEndsTwiceFreesNoSlotOfAnotherCall() {
    PendingResults.Lease first = results.lease();
    results.end(first);
    PendingResults.Lease second = results.lease();
    assertThat(second.slot()).isSameAs(first.slot());
    results.end(first);
    assertThat(results.lease().slot()).isNotSameAs(second.slot());
  }

  @Test
  void totalsAreReadOnce() {
    LossResult result = results.result(results.lease(), new LossReadout(call(Arena.ofAuto()), device));
    LossTotals totals = result.totals();
    report.fill((byte) 1);
    assertThat(result.totals()).isEqualTo(totals);
  }

  /** Tests that the label is not read again, because the report then belongs to another call. */
  @Test
  void totalsThatCouldNotBeReadStayUnreadable() {
    report.set(ValueLayout.JAVA_LONG, 0, ~0L);
    Arena arena = Arena.ofShared();
    LossResult lost = results.result(results.lease(), new LossReadout(call(arena), device));
    arena.close();
    assertThatThrownBy(lost::totals).isInstanceOf(IllegalStateException.class).hasMessage("Already closed");
    report.fill((byte) 0);
    assertThatThrownBy(lost::totals).isInstanceOf(IllegalStateException.class).hasMessage("Already closed");
  }

  private static LossCall call(Arena labels) {
    LossInputs inputs = LossInputs.of(HostMatrix.of(new float[3], 1, 3))
        .withLabels(RowVector.labels(labels.allocate(ValueLayout.JAVA_INT), 1, DType.I32));
    return new LossCall(DistillationLoss.hinton(1, 0), inputs, LossOutputs.none(), 3, null, null);
  }

  private record Written(MemorySegment report) implements ResultSlot {
    @Override
    public long address() {
      return 0;
    }

    @Override
    public void recordEvent() {}

    @Override
    public MemorySegment await() {
      return report;
    }

    @Override
    public void close() {}
  }
}
