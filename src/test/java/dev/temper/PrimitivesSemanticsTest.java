package dev.temper;

import static dev.temper.Batch.UNWRITTEN;
import static dev.temper.Outcome.assertNear;
import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.spi.HostRows;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests log-softmax with a temperature and its backward, and softmax and argmax for inference. */
class PrimitivesSemanticsTest extends EachDevice {

  private static final double BOUND = lossBound(3, 3, 1);

  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void free() {
    arena.close();
  }

  @Test
  void softmaxIsThatOfThePlainLogits() {
    double[] expected = {0.6285317, 0.2312239, 0.1402444};
    double[] actual = softmax(row(2, 1, 0.5));
    for (int i = 0; i < 3; i++) {
      assertNear("softmax", actual[i], expected[i], BOUND);
    }
  }

  @Test
  void softmaxAtTheEdge() {
    assertThat(softmax(row(0, ABSENT, 0))).containsExactly(0.5, 0, 0.5);
    assertThat(softmax(row(1e4, 1e4, -1e4))).containsExactly(0.5, 0.5, 0);
    assertThat(softmax(row(ABSENT, ABSENT))).containsOnly(Double.NaN);
    assertThat(softmax(row(1, Double.NaN, 2))).containsOnly(Double.NaN);
    assertThat(softmax(row(1, Double.POSITIVE_INFINITY, 2))).containsOnly(Double.NaN);
    assertThat(softmax(row(-3))).containsExactly(1);
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, names = {"F32", "BF16", "F16"})
  void logSoftmaxTakesATemperature(DType dtype) {
    HostMatrix logits = Batch.matrix(arena, List.of(row(2, 1, 0.5)), dtype);
    HostMatrix output = Batch.filled(arena, 1, 3, DType.F32);
    engine().logSoftmax(logits, 4, output);
    double[] expected = {0.4055002, 0.3158039, 0.2786959};
    for (int i = 0; i < 3; i++) {
      assertNear("log-softmax", Batch.values(output)[0][i], Math.log(expected[i]), 2e-7 + BOUND);
    }
  }

  @Test
  void logSoftmaxOfAnAbsentClassIsMinusInfinityAndMayReplaceTheLogits() {
    HostMatrix logits = Batch.matrix(arena, List.of(row(0, ABSENT, 0), row(Double.NaN, 0, 1)), DType.F32);
    engine().logSoftmax(logits, 2, logits);
    assertNear("log-softmax", Batch.values(logits)[0][0], -Math.log(2), BOUND);
    assertThat(Batch.values(logits)[0][1]).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(Batch.values(logits)[1]).containsOnly(Double.NaN);
  }

  @Test
  void backwardOfLogSoftmaxIsItsDerivative() {
    HostMatrix logits = Batch.matrix(arena, List.of(row(2, 1, 0.5)), DType.F32);
    HostMatrix upstream = Batch.matrix(arena, List.of(row(1, -2, 3)), DType.F32);
    HostMatrix output = Batch.filled(arena, 1, 3, DType.F32);
    engine().logSoftmaxBackward(logits, 4, upstream, output);
    double[] softmax = {0.4055002, 0.3158039, 0.2786959};
    double[] g = {1, -2, 3};
    for (int i = 0; i < 3; i++) {
      assertNear("gradient", Batch.values(output)[0][i], (g[i] - softmax[i] * 2) / 4, 5e-8 + BOUND);
    }
    engine().logSoftmaxBackward(logits, 4, upstream, upstream);
    assertThat(Batch.values(upstream)).isDeepEqualTo(Batch.values(output));
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, names = {"I32", "I64"})
  void argmaxTakesTheFirstOfEqualsAndTheFirstNaN(DType dtype) {
    List<float[]> rows =
        List.of(row(1, 3, 3), row(3, Double.NaN, 4), row(ABSENT, ABSENT, ABSENT),
        row(ABSENT, Double.POSITIVE_INFINITY, 3));
    HostMatrix logits = Batch.matrix(arena, rows, DType.F16);
    RowVector output = RowVector.labels(arena.allocate(4L * dtype.bytes(), 8), 4, dtype);
    engine().argmax(logits, output);
    long[] expected = {1, 1, 0, 1};
    for (int i = 0; i < 4; i++) {
      assertThat(HostRows.label((RowVector.Host) output, i)).isEqualTo(expected[i]);
    }
  }

  @Test
  void noRowsAreNoWork() {
    HostMatrix none = Batch.filled(arena, 0, 3, DType.F32);
    HostMatrix output = new HostMatrix(Batch.filled(arena, 1, 3, DType.F32).segment(), 0, 3, 3, DType.F32);
    engine().softmax(none, output);
    assertThat(Batch.values(HostMatrix.of(output.segment(), 1, 3, DType.F32))[0]).containsOnly(UNWRITTEN);
  }

  private double[] softmax(float[] logits) {
    HostMatrix output = Batch.filled(arena, 1, logits.length, DType.F32);
    engine().softmax(Batch.matrix(arena, List.of(logits), DType.F32), output);
    return Batch.values(output)[0];
  }
}
