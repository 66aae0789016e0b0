package dev.temper.tools.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/**
 * Tests logits and labels that other programs generate too. The file {@code benchmarks/gpu/test_suite.py} has the same
 * expected values.
 */
final class GeneratedLogitsTest {

  /** Logits in units of 2^-19. */
  private static final int[] STUDENT = {571_634, 1_105_006, 1_657_222, -100_282};
  private static final int[] TEACHER = {-1_369_935, 1_131_501, -1_055_649, 139_125};
  private static final long[] LABELS = {35_073, 56_442, 44_298, 120_102};

  @Test
  void logitsAreThoseOfTheGoldens() {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment f32 = arena.allocate(ValueLayout.JAVA_FLOAT, 200_000);
      GeneratedLogits.TEACHER.fill(f32.asSlice(0, 4 * 1000L), DType.F32, 3, 0);
      GeneratedLogits.TEACHER.fill(f32.asSlice(4 * 1000L), DType.F32, 3, 1000);
      for (int i = 0; i < 4; i++) {
        assertThat(GeneratedLogits.STUDENT.at(0, i)).as("student %d", i).isEqualTo(STUDENT[i] * 0x1p-19f);
        assertThat(GeneratedLogits.TEACHER.at(3, (1L << 32) + i)).as("teacher of batch 3, far away, %d", i)
            .isEqualTo(TEACHER[i] * 0x1p-19f);
        assertThat(GeneratedLogits.label(1, i, 128_256)).as("label %d", i).isEqualTo(LABELS[i]);
      }
      assertThat(f32.getAtIndex(ValueLayout.JAVA_FLOAT, 199_999)).as("in the last chunk")
          .isEqualTo(GeneratedLogits.TEACHER.at(3, 199_999));
    }
  }

  @Test
  void sixteenBitsAreTheNearest() {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment half = arena.allocate(ValueLayout.JAVA_SHORT, 1000);
      GeneratedLogits.STUDENT.fill(half, DType.BF16, 0, 0);
      for (int i = 0; i < 1000; i++) {
        float exact = GeneratedLogits.STUDENT.at(0, i);
        float rounded = Float.intBitsToFloat(half.getAtIndex(ValueLayout.JAVA_SHORT, i) << 16);
        assertThat(rounded).as("logit %d", i).isCloseTo(exact, within(Math.abs(exact) * 0x1p-8f));
      }
    }
  }
}
