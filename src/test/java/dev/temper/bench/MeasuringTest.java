package dev.temper.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.LossEngine;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class MeasuringTest {

  private static final Repetition SHORT = new Repetition(0, 0, 3, 3);

  @Test
  void spreadInterpolatesBetweenNeighbours() {
    Spread spread = Spread.of(4, 1, 3, 2);
    assertThat(spread).isEqualTo(new Spread(2.5, 1.3, 3.7, 1, 4));
    assertThatThrownBy(Spread::of).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void repetitionTimesWhatItIsToldAndNoMore() {
    AtomicInteger calls = new AtomicInteger();
    Spread spread = SHORT.milliseconds(() -> {
      calls.incrementAndGet();
      sleep(20);
    }, () -> false).orElseThrow();
    assertThat(calls).as("one untimed, three timed").hasValue(4);
    assertThat(spread.samples()).isEqualTo(3);
    assertThat(spread.fastest()).isGreaterThanOrEqualTo(19.9);
  }

  @Test
  void repetitionStopsWithWhatItHas() {
    AtomicInteger calls = new AtomicInteger();
    assertThat(SHORT.milliseconds(calls::incrementAndGet, () -> calls.get() >= 3).orElseThrow().samples()).isEqualTo(2);
    assertThat(SHORT.milliseconds(calls::incrementAndGet, () -> true)).isEmpty();
  }

  @Test
  void shapesAreReadBackAndRefused() {
    assertThat(BatchShape.parseList("4096x10, 64x128256")).containsExactly(new BatchShape(4096, 10), new BatchShape(64, 128_256));
    for (String wrong : List.of("", "x", "10", "10x", "axb", "0x5", "5x-1", "4x4,")) {
      assertThatThrownBy(() -> BatchShape.parseList(wrong)).as(wrong).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aColdRingExceedsTheCacheTwiceAndHoldsNoZeros() {
    try (Arena arena = Arena.ofConfined()) {
      BatchShape shape = new BatchShape(16, 100);
      BatchRing ring = BatchRing.coldIn(arena, shape, DType.F32, 100_000);
      assertThat(ring.size() * shape.leastTraffic(DType.F32)).isGreaterThanOrEqualTo(200_000).isLessThan(220_000);
      LogitBatch first = ring.next();
      assertThat(ring.next()).isNotSameAs(first);
      assertThat(first.student().segment().toArray(ValueLayout.JAVA_FLOAT)).doesNotContain(0f);
      assertThat(first.teacher().segment().mismatch(first.student().segment())).isNotNegative();
    }
  }

  @Test
  void sixteenBitLogitsAreThoseOfNormalData() {
    try (Arena arena = Arena.ofConfined()) {
      for (DType dtype : List.of(DType.BF16, DType.F16)) {
        short[] bits = BatchRing.warm(arena, new BatchShape(100, 100), dtype).next().student().segment().toArray(ValueLayout.JAVA_SHORT);
        double squares = 0;
        for (short value : bits) {
          double x = dtype == DType.F16 ? Float.float16ToFloat(value) : Float.intBitsToFloat(value << 16);
          squares += x * x;
        }
        assertThat(Math.sqrt(squares / bits.length)).as("deviation in " + dtype).isCloseTo(2, within(0.05));
      }
    }
  }

  @Test
  void anotherProcessIsSeen() {
    assertThat(new Quietness(1.01, 1.02, 0, 0.001).quiet()).isTrue();
    assertThat(new Quietness(2, 2, 0.1, 0.5).disturbances()).hasSize(4);
    assertThat(new Quietness(1, 1, Double.NaN, Double.NaN).quiet()).as("not Linux: the spin decides").isTrue();
  }

  @Test
  void benchMeasuresEveryShapeAndDtype() {
    List<String> steps = new ArrayList<>();
    LossBench bench = new LossBench(DistillationLoss.hinton(2, 0.5),
        List.of(new BatchShape(2, 10), new BatchShape(3, 5)), List.of(DType.F32, DType.BF16), SHORT);
    try (LossEngine engine = LossEngine.open("reference")) {
      LossBench.Report report = bench.run(engine, (done, total, next) -> steps.add(done + "/" + total + " " + next), () -> false);
      assertThat(report.complete()).isTrue();
      assertThat(report.timings()).hasSize(4).allSatisfy(timing -> {
        CopyRate copy = report.copyRate().orElseThrow();
        assertThat(timing.shareOf(copy) * timing.timesFloor(copy)).isCloseTo(1, within(1e-9));
        assertThat(timing.gigabytesPerSecond()).isPositive();
      });
      assertThat(steps).containsExactly("0/5 copy rate", "1/5 2x10 F32", "2/5 3x5 F32", "3/5 2x10 BF16", "4/5 3x5 BF16");

      LossBench.Report stopped = bench.run(engine, (done, total, next) -> {}, () -> true);
      assertThat(stopped.complete()).isFalse();
      assertThat(stopped.timings()).isEmpty();
    }
  }

  private static void sleep(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
