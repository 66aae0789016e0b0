package dev.temper.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.HostMatrix;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Tests the rounding from f64 in one step. */
class ElementsTest {

  @Test
  void f32RoundsAsTheLanguageDoes() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 100_000; i++) {
      double value = Double.longBitsToDouble(random.nextLong());
      assertThat((Double) Elements.round(value, DType.F32)).isEqualTo((Double) (double) (float) value);
      double common = Math.scalb(random.nextDouble(-1, 1), random.nextInt(-160, 130));
      assertThat(Elements.round(common, DType.F32)).isEqualTo((float) common);
    }
  }

  @Test
  void everyF16AndBf16IsKeptAndTheMiddleBetweenTwoGoesToTheEvenOne() {
    for (int bits = 0; bits < 0x7c00; bits++) {
      double value = Float.float16ToFloat((short) bits);
      double next = bits == 0x7bff ? 65536 : Float.float16ToFloat((short) (bits + 1));
      assertNeighbours(value, next, bits, DType.F16);
    }
    for (int bits = 0; bits < 0x7f80; bits++) {
      double value = Float.intBitsToFloat(bits << 16);
      double next = bits == 0x7f7f ? 0x1p128 : Float.intBitsToFloat((bits + 1) << 16);
      assertNeighbours(value, next, bits, DType.BF16);
    }
  }

  @Test
  void f16DoesNotRoundTwice() {
    // The value lies just above the middle between 1 and the next f16. A first rounding to f32 would give the middle,
    // and a second one would give 1.
    assertThat(Elements.round(1 + 0x1p-11 + 0x1p-40, DType.F16)).isEqualTo(1 + 0x1p-10);
  }

  @Test
  void matricesHoldWhatWasRounded() {
    double[] values = {1, -0.0, 1e-7, 1e9, Double.NaN, Double.NEGATIVE_INFINITY, 0.1};
    for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.F16}) {
      HostMatrix matrix = new HostMatrix(MemorySegment.ofArray(new byte[101]).asSlice(1), 2, 7, 8, dtype);
      Elements.write(values, matrix, 1);
      double[] read = new double[7];
      Elements.read(matrix, 1, 7, read);
      for (int i = 0; i < 7; i++) {
        assertThat((Double) read[i]).isEqualTo((Double) Elements.round(values[i], dtype));
      }
    }
  }

  private static void assertNeighbours(double value, double next, int bits, DType dtype) {
    double middle = (value + next) / 2;
    double beyond = (dtype == DType.F16 && next == 65536) || next == 0x1p128 ? Double.POSITIVE_INFINITY : next;
    assertThat(Elements.round(value, dtype)).isEqualTo(value);
    assertThat(Elements.round(-value, dtype)).isEqualTo(-value);
    assertThat(Elements.round(middle, dtype)).isEqualTo(bits % 2 == 0 ? value : beyond);
    assertThat(Elements.round(Math.nextDown(middle), dtype)).isEqualTo(value);
    assertThat(Elements.round(Math.nextUp(middle), dtype)).isEqualTo(beyond);
  }
}
