package dev.temper.tools.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.HostMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class GuardedTensorTest {

  private static final Layout LAYOUT = Layout.of(3, 5).placed(2, 3, 1, true);

  @Test
  void everyByteAroundTheRowsIsWatched() {
    try (Arena arena = Arena.ofConfined()) {
      long bytes = (2 * 7 + 5) * 2;
      for (long at = -7; at < bytes + 64; at++) {
        GuardedTensor tensor = GuardedTensor.matrix(arena, 3, 5, LAYOUT, DType.F16).fillNaN();
        long column = Math.floorMod(at / 2, 7);
        boolean inRow = at >= 0 && at < bytes && column < 5;
        MemorySegment around = MemorySegment.ofAddress(tensor.view().segment().address() + at).reinterpret(1);
        around.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        assertThat(tensor.isIntact()).as("byte " + at).isEqualTo(inRow);
        assertThat(tensor.isUntouched()).as("byte " + at).isFalse();
      }
    }
  }

  @Test
  void valuesComeBackAndTheAddressIsOdd() {
    try (Arena arena = Arena.ofConfined()) {
      double[] values = {1, 2, 3, 4, 5, -1, Double.NEGATIVE_INFINITY, Double.NaN, 0.5, 0, 7, 8, 9, 10, 11};
      GuardedTensor tensor = GuardedTensor.matrix(arena, 3, 5, LAYOUT, DType.BF16).fill(values);
      assertThat(tensor.read()).isEqualTo(values);
      assertThat(tensor.view().segment().address() % 16).isEqualTo(7);
      assertThat(tensor.isUntouched()).isTrue();
    }
  }

  @Test
  void withoutATailTheMemoryEndsWithTheLastElement() {
    try (Arena arena = Arena.ofConfined()) {
      HostMatrix view = GuardedTensor.matrix(arena, 3, 5, LAYOUT.placed(2, 0, 0, false), DType.F32).fillNaN().view();
      assertThat(view.segment().byteSize()).isEqualTo((2 * 7 + 5) * 4);
      assertThat(view.segment().get(ValueLayout.JAVA_FLOAT, 0)).isNaN();
    }
  }
}
