package dev.temper.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.temper.LossEngine;
import dev.temper.PreparedLoss;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a launch leaves to the garbage collector: nothing. */
final class DispatchTest extends StubEngine {

  private static final int ROUNDS = 1000;
  private static final int LAUNCHES = 500;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPreparedLossAllocatesNothingInJava(boolean graph) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (LossEngine engine = open(); DeviceBatch batch = new DeviceBatch(engine, 1);
        PreparedLoss prepared = engine.prepare(DeviceBatch.LOSS, batch.inputs(), batch.outputs())) {
      if (graph) {
        prepared.recordGraph();
      }
      long bytes = Long.MAX_VALUE;
      for (int round = 0; round < ROUNDS && bytes > 0; round++) {  // until the JIT compiler has done its work
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < LAUNCHES; i++) {
          prepared.launch();
        }
        bytes = threads.getCurrentThreadAllocatedBytes() - before;
        prepared.totals();
      }
      assertThat(bytes).isZero();
    }
  }
}
