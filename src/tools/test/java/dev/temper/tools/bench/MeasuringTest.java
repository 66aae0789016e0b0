package dev.temper.tools.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.MatrixView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class MeasuringTest {

  private static final Repetition SHORT = new Repetition(0, 0, 3, 3);

  @Test
  void quantilesInterpolateBetweenNeighbours() {
    Quantiles quantiles = Quantiles.of(4, 1, 3, 2);
    assertThat(quantiles).isEqualTo(new Quantiles(2.5, 1.3, 3.7, 1, 4));
    assertThatThrownBy(Quantiles::of).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void repetitionTimesTheGivenNumberOfCalls() {
    AtomicInteger calls = new AtomicInteger();
    Quantiles quantiles = SHORT.milliseconds(() -> {
      calls.incrementAndGet();
      sleep(20);
    }, () -> false).orElseThrow();
    assertThat(calls).as("one untimed, three timed").hasValue(4);
    assertThat(quantiles.samples()).isEqualTo(3);
    assertThat(quantiles.fastest()).isGreaterThanOrEqualTo(19.9);
  }

  @Test
  void repetitionStopsWithWhatItHas() {
    AtomicInteger calls = new AtomicInteger();
    assertThat(SHORT.milliseconds(calls::incrementAndGet, () -> calls.get() >= 3).orElseThrow().samples()).isEqualTo(2);
    assertThat(SHORT.milliseconds(calls::incrementAndGet, () -> true)).isEmpty();
  }

  @Test
  void shapesAreReadBackAndRefused() {
    assertThat(BatchShape.parseList("4096x10, 64x128256"))
        .containsExactly(new BatchShape(4096, 10), new BatchShape(64, 128_256));
    for (String wrong : List.of("", "x", "10", "10x", "axb", "0x5", "5x-1", "4x4,")) {
      assertThatThrownBy(() -> BatchShape.parseList(wrong)).as(wrong).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aColdRingExceedsTheCacheTwiceAndHoldsNoZeros() {
    try (Arena arena = Arena.ofShared()) {
      BatchShape shape = new BatchShape(16, 100);
      BatchRing ring = BatchRing.coldIn(BatchMemory.of(arena), shape, DType.F32, 100_000);
      assertThat(ring.size() * shape.leastTraffic(DType.F32)).isGreaterThanOrEqualTo(200_000).isLessThan(220_000);
      LogitBatch first = ring.next();
      assertThat(ring.next()).isNotSameAs(first);
      assertThat(segment(first.student()).toArray(ValueLayout.JAVA_FLOAT)).doesNotContain(0f);
      assertThat(segment(first.teacher()).mismatch(segment(first.student()))).isNotNegative();
    }
  }

  @Test
  void sixteenBitLogitsAreThoseOfNormalData() {
    try (Arena arena = Arena.ofShared()) {
      for (DType dtype : List.of(DType.BF16, DType.F16)) {
        short[] bits = segment(BatchRing.warm(BatchMemory.of(arena), new BatchShape(100, 100), dtype).next().student())
            .toArray(ValueLayout.JAVA_SHORT);
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

  private static MemorySegment segment(MatrixView matrix) {
    return ((HostMatrix) matrix).segment();
  }

  private static void sleep(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
