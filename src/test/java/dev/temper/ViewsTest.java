package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.internal.Span;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the sizes of views over memory and their overlaps. */
class ViewsTest {

  private static final MemorySegment BYTES = MemorySegment.ofArray(new byte[64]);

  @Test
  void aSegmentTooSmallForRowsTimesStrideIsRefusedButTheLastRowNeedsNoGap() {
    assertThat(new HostMatrix(BYTES, 3, 4, 6, DType.F32).byteSize()).isEqualTo(64);
    assertRefused(4, 4, 6, DType.F32, "segment of 64 bytes is too small", "[4, 4] F32 with row stride 6",
        "needs 88 bytes");
    assertThatThrownBy(() -> RowVector.labels(BYTES, 9, DType.I64))
        .isExactlyInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("segment of 64 bytes is too small", "[9] I64", "needs 72 bytes");
  }

  @Test
  void shapesAreChecked() {
    assertRefused(-1, 4, 4, DType.F32, "rows is -1", "0 or more");
    assertRefused(1, 0, 4, DType.F32, "classes is 0", "1 or more");
    assertRefused(1, 4, 3, DType.F32, "rowStride is 3", "at least the 4 classes");
    assertRefused(1, 4, 4, DType.I32, "dtype of a matrix is I32", "F32, BF16 or F16");
    assertRefused(Long.MAX_VALUE, 4, 4, DType.F16, "beyond 2^63 bytes");
    assertRefused(2, 4, Long.MAX_VALUE, DType.F16, "beyond 2^63 bytes");
    assertThatThrownBy(() -> RowVector.weights(BYTES, -1, DType.F32))
        .hasMessageContainingAll("length is -1", "0 or more");
    assertThatThrownBy(() -> RowVector.labels(BYTES, Long.MAX_VALUE / 2, DType.I64))
        .hasMessageContaining("beyond 2^63 bytes");
    assertThatThrownBy(() -> new DeviceMatrix(0, 1, 4, 4, DType.F32)).hasMessageContaining("device address is 0");
    assertThatThrownBy(() -> RowVector.weightsAt(0, 1)).hasMessageContaining("device address is 0");
  }

  @ParameterizedTest
  // Each row describes two views of one f32 array by first element, rows, classes and stride.
  @CsvSource({
    "0, 2, 4, 4, 8, 2, 4, 4, false", // The views follow each other.
    "0, 2, 4, 4, 7, 2, 4, 4, true", // The last element of the first view is the first element of the second view.
    "0, 2, 4, 8, 4, 2, 4, 8, false", // The views are the left and the right half of a wider matrix.
    "0, 2, 4, 8, 3, 2, 4, 8, true",
    "4, 2, 4, 8, 0, 2, 4, 8, false",
    "0, 2, 5, 8, 5, 2, 4, 8, true", // The second view extends into the next row of the first view.
    "0, 2, 4, 4, 0, 0, 4, 4, false", // The second view has no rows.
    "0, 1, 4, 4, 2, 1, 1, 9, true",
  })
  void viewsOverlapWhereTheyShareAByte(
      int start, int rows, int classes, int stride, int start2, int rows2, int classes2, int stride2, boolean shared) {
    float[] array = new float[32];
    Span a = Span.of(view(MemorySegment.ofArray(array), start, rows, classes, stride));
    Span b = Span.of(view(MemorySegment.ofArray(array), start2, rows2, classes2, stride2));
    assertThat(a.overlaps(b)).isEqualTo(shared);
    assertThat(b.overlaps(a)).isEqualTo(shared);
    Span elsewhere = Span.of(view(MemorySegment.ofArray(new float[32]), start2, rows2, classes2, stride2));
    assertThat(a.overlaps(elsewhere)).isFalse();
  }

  @Test
  void overlapIsSeenThroughReadOnlyViewsAndBetweenKindsOfMemory() {
    float[] array = new float[4];
    HostMatrix heap = HostMatrix.of(array, 1, 4);
    HostMatrix readOnly = HostMatrix.of(MemorySegment.ofArray(array).asReadOnly(), 1, 4, DType.F32);
    assertThat(Span.of(heap).overlaps(Span.of(readOnly))).isTrue();
    assertThat(Span.of(heap).coincides(Span.of(readOnly))).isTrue();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(16, 4);
      HostMatrix direct = HostMatrix.of(segment, 1, 4, DType.F32);
      assertThat(Span.of(direct).overlaps(Span.of(HostMatrix.of(segment.asReadOnly(), 2, 2, DType.F32)))).isTrue();
      assertThat(Span.of(direct).overlaps(Span.of(heap))).isFalse();
      DeviceMatrix device = new DeviceMatrix(segment.address(), 1, 4, 4, DType.F32);
      assertThat(Span.of(direct).overlaps(Span.of(device))).isFalse();
      assertThat(Span.of(device).overlaps(Span.of(device))).isTrue();
    }
  }

  private static HostMatrix view(MemorySegment segment, int start, int rows, int classes, int stride) {
    return new HostMatrix(segment.asSlice(4L * start), rows, classes, stride, DType.F32);
  }

  private static void assertRefused(long rows, int classes, long stride, DType dtype, String... words) {
    assertThatThrownBy(() -> new HostMatrix(BYTES, rows, classes, stride, dtype))
        .isExactlyInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(words);
  }
}
