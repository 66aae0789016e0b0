package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Tests the refusal of memory whose elements differ from those of its view, and buffers, parts and conversions of
 * views.
 */
class HostMemoryTest {

  @Test
  void arraysOfAnotherTypeAreRefused() {
    assertRefused(() -> HostMatrix.of(MemorySegment.ofArray(new double[3]), 2, 3, DType.F32)).hasMessageContainingAll(
        "memory is a double[]", "expected a float[] or byte[] for F32", "convert the values");
    assertRefused(() -> HostMatrix.of(MemorySegment.ofArray(new float[3]), 2, 3, DType.BF16))
        .hasMessageContainingAll("memory is a float[]", "expected a short[] or byte[] for BF16");
    assertRefused(() -> HostMatrix.of(MemorySegment.ofArray(new int[6]), 2, 3, DType.F32))
        .hasMessageContaining("memory is a int[]");
    assertRefused(() -> new HostMatrix(MemorySegment.ofArray(new double[9]), 2, 3, 4, DType.F32))
        .hasMessageContaining("memory is a double[]");
    assertRefused(() -> HostMatrix.of(MemorySegment.ofArray(new double[3]).asReadOnly(), 2, 3, DType.F32))
        .hasMessageContaining("memory is an array of elements of 8 bytes");
    assertRefused(() -> RowVector.weights(MemorySegment.ofArray(new double[2]), 4, DType.F32))
        .hasMessageContaining("memory is a double[]");
    assertRefused(() -> RowVector.labels(MemorySegment.ofArray(new float[2]), 2, DType.I32))
        .hasMessageContaining("expected a int[]");
    assertThat(HostMatrix.of(MemorySegment.ofArray(new byte[24]), 2, 3, DType.F32).rows()).isEqualTo(2);
    assertThat(RowVector.labels(MemorySegment.ofArray(new byte[24]), 3, DType.I64).length()).isEqualTo(3);
  }

  @Test
  void aSegmentThatIsLongerThanItsViewIsRefused() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment doubles = arena.allocate(6 * Double.BYTES);
      assertRefused(() -> HostMatrix.of(doubles, 2, 3, DType.F32)).hasMessageContainingAll(
          "segment of 48 bytes is longer than [2, 3] F32", "which needs 24",
          "if its elements are twice as wide as F32, convert them", "segment.asSlice(0, 24)");
      assertRefused(() -> HostMatrix.of(doubles, 2, 3, DType.BF16)).hasMessageContaining("segment.asSlice(0, 12)");
      assertRefused(() -> RowVector.weights(doubles, 6, DType.F32))
          .hasMessageContaining("longer than row_weights [6] F32");
      assertRefused(() -> RowVector.labels(doubles, 6, DType.I32)).hasMessageContaining("longer than labels [6] I32");
      assertThat(HostMatrix.of(doubles.asSlice(0, 24), 2, 3, DType.F32).byteSize()).isEqualTo(24);
      HostMatrix strided = new HostMatrix(doubles, 2, 3, 4, DType.F32);
      assertThat(strided.byteSize()).as("with a row stride the segment may be longer").isEqualTo(28);
    }
  }

  @Test
  void anArrayOrABufferOfAnotherLengthIsRefused() {
    for (int length : new int[] {5, 7}) {
      String found = " has " + length + " elements, expected 6 for rows 2 x classes 3 of ";
      assertRefused(() -> HostMatrix.of(new float[length], 2, 3)).hasMessage("array" + found + "F32");
      assertRefused(() -> HostMatrix.of(new short[length], 2, 3, DType.F16)).hasMessage("array" + found + "F16");
      assertRefused(() -> HostMatrix.of(FloatBuffer.allocate(length), 2, 3)).hasMessage("buffer" + found + "F32");
      assertRefused(() -> HostMatrix.of(ShortBuffer.allocate(length), 2, 3, DType.BF16))
          .hasMessage("buffer" + found + "BF16");
      ByteBuffer bytes = ByteBuffer.allocate(4 * length).order(ByteOrder.nativeOrder());
      assertRefused(() -> HostMatrix.of(bytes, 2, 3, DType.F32)).hasMessage("buffer" + found + "F32");
    }
    assertRefused(() -> HostMatrix.of(new short[12], 2, 3, DType.F32)).hasMessageContaining("memory is a short[]");
    assertRefused(() -> HostMatrix.of(new float[0], -1, 3)).hasMessageContaining("rows is -1, expected 0 or more");
  }

  @Test
  void valuesOfAnotherRoleFailWhenTheyAreMade() {
    MemorySegment ints = MemorySegment.ofArray(new int[2]);
    assertRefused(() -> RowVector.weights(ints, 2, DType.I32))
        .hasMessage("row_weights has dtype I32, expected F32; convert it");
    assertRefused(() -> RowVector.temperatures(ints, 2, DType.I32))
        .hasMessageContaining("row_temperatures has dtype I32");
    assertRefused(() -> RowVector.losses(ints, 2, DType.BF16)).hasMessageContaining("row losses has dtype BF16");
    assertRefused(() -> RowVector.labels(ints, 2, DType.F32))
        .hasMessage("labels has dtype F32, expected I32 or I64; convert it");
    assertRefused(() -> RowVector.labelsAt(64, 2, DType.F32)).hasMessageContaining("labels has dtype F32");
  }

  @Test
  void buffersAreUsedBetweenPositionAndLimit() {
    FloatBuffer floats = FloatBuffer.wrap(new float[] {9, 1, 2, 3, 4, 9}).position(1).limit(5);
    assertThat(values(HostMatrix.of(floats, 2, 2))).containsExactly(1, 2, 3, 4);
    FloatBuffer direct = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder()).asFloatBuffer()
        .put(0, new float[] {5, 6, 7, 8});
    assertThat(values(HostMatrix.of(direct, 1, 4))).containsExactly(5, 6, 7, 8);
    ByteBuffer bytes = ByteBuffer.allocate(20).order(ByteOrder.nativeOrder()).putFloat(4, 3).putFloat(8, 4)
        .position(4).limit(12);
    assertThat(values(HostMatrix.of(bytes, 1, 2, DType.F32))).containsExactly(3, 4);
    ShortBuffer halves = ShortBuffer.wrap(new short[] {DType.F16.narrow(1.5f), DType.F16.narrow(-2)});
    assertThat(values(HostMatrix.of(halves, 1, 2, DType.F16))).containsExactly(1.5f, -2);
    assertThat(RowVector.labels(IntBuffer.wrap(new int[3]).position(1)).length()).isEqualTo(2);
    assertThat(RowVector.labels(LongBuffer.wrap(new long[3])).dtype()).isEqualTo(DType.I64);
    assertThat(RowVector.weights(floats).length()).isEqualTo(4);
    assertThat(RowVector.temperatures(direct).length()).isEqualTo(4);
    assertThat(RowVector.losses(direct).dtype()).isEqualTo(DType.F32);
    direct.put(0, 50);
    assertThat(floats.position()).as("the buffer is not changed").isEqualTo(1);
  }

  @Test
  void buffersInAnotherByteOrderAreRefused() {
    ByteBuffer big = ByteBuffer.allocateDirect(16); // big-endian, as every new byte buffer is
    assertRefused(() -> HostMatrix.of(big.asFloatBuffer(), 1, 4)).hasMessageContainingAll(
        "byte order BIG_ENDIAN", "expected LITTLE_ENDIAN", "order(ByteOrder.nativeOrder())");
    assertRefused(() -> HostMatrix.of(big, 1, 4, DType.F32)).hasMessageContaining("byte order BIG_ENDIAN");
    assertRefused(() -> HostMatrix.of(big.asShortBuffer(), 1, 8, DType.F16))
        .hasMessageContaining("byte order BIG_ENDIAN");
    assertRefused(() -> RowVector.labels(big.asIntBuffer())).hasMessageContaining("byte order BIG_ENDIAN");
    assertRefused(() -> RowVector.labels(big.asLongBuffer())).hasMessageContaining("byte order BIG_ENDIAN");
    assertRefused(() -> RowVector.weights(big.asFloatBuffer())).hasMessageContaining("byte order BIG_ENDIAN");
  }

  @Test
  void rowsAreAPartOfTheSameMemory() {
    float[] array = {1, 2, 0, 3, 4, 0, 5, 6};
    HostMatrix matrix = new HostMatrix(MemorySegment.ofArray(array), 3, 2, 3, DType.F32);
    assertThat(values(matrix.rows(1, 3))).containsExactly(3, 4, 5, 6);
    assertThat(matrix.rows(1, 3).rowStride()).isEqualTo(3);
    assertThat(matrix.rows(0, 3)).isEqualTo(matrix);
    assertThat(matrix.rows(3, 3).rows()).isZero();
    assertRefused(() -> matrix.rows(2, 1))
        .hasMessageContaining("rows from 2 to 1 do not lie in the view, expected 0 <= from <= to <= 3");
    assertRefused(() -> matrix.rows(0, 4)).hasMessageContaining("<= 3");
    assertRefused(() -> matrix.rows(-1, 1)).hasMessageContaining("rows from -1");
    DeviceMatrix device = new DeviceMatrix(0x1000, 3, 2, 3, DType.BF16);
    assertThat(device.rows(1, 2)).isEqualTo(new DeviceMatrix(0x1006, 1, 2, 3, DType.BF16));
    assertThat(RowVector.labelsAt(64, 5, DType.I64).rows(2, 4)).isEqualTo(RowVector.labelsAt(80, 2, DType.I64));
    long[] labels = {7, 8, 9};
    RowVector part = RowVector.labels(labels).rows(1, 2);
    assertThat(part).hasToString("[1] I64 in host memory");
    assertRefused(() -> part.rows(0, 2)).hasMessageContaining("<= 1");
  }

  @Test
  void copiesConvertAndKeepGaps() {
    float[] source = {1, 1.0009766f, -65520, Float.NaN, 1e-40f, Float.NEGATIVE_INFINITY};
    HostMatrix from = HostMatrix.of(source, 2, 3);
    short[] bits = new short[8];
    Arrays.fill(bits, (short) 77);
    HostMatrix to = new HostMatrix(MemorySegment.ofArray(bits), 2, 3, 4, DType.F16);
    from.copyTo(to);
    assertThat(values(to))
        .containsExactly(1, 1.0009766f, Float.NEGATIVE_INFINITY, Float.NaN, 0, Float.NEGATIVE_INFINITY);
    assertThat(bits[3]).as("the gap").isEqualTo((short) 77);
    float[] back = new float[6];
    to.copyTo(HostMatrix.of(back, 2, 3));
    assertThat(back).containsExactly(values(to));
    float[] same = new float[6];
    from.copyTo(HostMatrix.of(same, 2, 3));
    assertThat(same).containsExactly(source);
    assertRefused(() -> from.copyTo(HostMatrix.of(new float[6], 3, 2)))
        .hasMessageContaining("target is [3, 2] F32, expected [2, 3]");
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, names = {"BF16", "F16"})
  void narrowingTakesTheNearestValueAndTiesToEven(DType dtype) {
    for (int pattern = 0; pattern < 1 << 16; pattern++) {
      float value = dtype.widen((short) pattern);
      if (Float.isNaN(value)) {
        assertThat(dtype.widen(dtype.narrow(value))).isNaN();
        continue;
      }
      assertThat(dtype.narrow(value)).as("%s", value).isEqualTo((short) pattern);
      float next = dtype.widen((short) (pattern + 1));
      if (Float.isFinite(value) && Float.isFinite(next) && (pattern & 0x7fff) != 0x7fff) {
        float middle = value + (next - value) / 2; // exact in f32, but for the subnormals of bf16
        short even = (short) (pattern + (pattern & 1));
        if (middle != value && middle != next) {
          assertThat(dtype.narrow(middle)).as("%s", middle).isEqualTo(even);
          assertThat(dtype.narrow(towards(middle, next))).isEqualTo((short) (pattern + 1));
          assertThat(dtype.narrow(towards(middle, value))).isEqualTo((short) pattern);
        }
      }
    }
    assertThat(dtype.widen(dtype.narrow(Float.MAX_VALUE))).isInfinite();
    assertRefused(() -> DType.F32.narrow(1)).hasMessageContaining("dtype is F32, expected BF16 or F16");
    assertRefused(() -> DType.I32.widen((short) 1)).hasMessageContaining("dtype is I32, expected BF16 or F16");
  }

  private static float towards(float value, float other) {
    return Math.nextAfter(value, other);
  }

  private static float[] values(HostMatrix matrix) {
    float[] values = new float[Math.toIntExact(matrix.rows()) * matrix.classes()];
    matrix.copyTo(HostMatrix.of(values, matrix.rows(), matrix.classes()));
    return values;
  }

  private static AbstractThrowableAssert<?, ?> assertRefused(ThrowingCallable call) {
    return assertThatThrownBy(call).isExactlyInstanceOf(IllegalArgumentException.class);
  }
}
