package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class GuardedMemoryTest {

  @Test
  void everyByteOutsideTheRowsIsAGuard() {
    try (Arena arena = Arena.ofConfined()) {
      for (int seed = 0; seed < 20; seed++) {
        GuardedMemory memory = GuardedMemory.matrix(new SplittableRandom(seed), arena, 3, 5, DType.F16);
        HostMatrix matrix = memory.matrix();
        MemorySegment elements = matrix.segment();
        for (long at = 0; at < elements.byteSize(); at++) {
          boolean guard = at / 2 % matrix.rowStride() >= 5;
          flip(elements, at);
          assertThat(memory.isUnchanged()).isFalse();
          assertThat(memory.guardsAreUnchanged()).as("byte " + at).isEqualTo(!guard);
          flip(elements, at);
        }
        assertThat(memory.isUnchanged()).isTrue();
      }
    }
  }

  @Test
  void bytesBeforeAndBehindTheElementsAreGuards() {
    try (Arena arena = Arena.ofShared()) {
      GuardedMemory memory = nativeMemory(arena);
      MemorySegment elements = memory.elements();
      for (long at : new long[] {-1, elements.byteSize()}) {
        MemorySegment beside = MemorySegment.ofAddress(elements.address() + at).reinterpret(1);
        flip(beside, 0);
        assertThat(memory.guardsAreUnchanged()).as("byte " + at).isFalse();
        flip(beside, 0);
      }
      assertThat(memory.guardsAreUnchanged()).isTrue();
    }
  }

  @Test
  void anElementThatKeepsItsPatternIsNoticed() {
    try (Arena arena = Arena.ofConfined()) {
      GuardedMemory memory = GuardedMemory.vector(new SplittableRandom(1), arena, 3, DType.F32);
      MemorySegment elements = memory.elements();
      elements.asSlice(0, 4).fill((byte) 0);
      elements.asSlice(8, 4).fill((byte) 0);
      assertThat(memory.isWritten()).as("the second element is not written").isFalse();
      elements.asSlice(4, 4).fill((byte) 0);
      assertThat(memory.isWritten()).isTrue();
    }
  }

  private static GuardedMemory nativeMemory(Arena arena) {
    for (int seed = 0; ; seed++) {
      GuardedMemory memory = GuardedMemory.matrix(new SplittableRandom(seed), arena, 3, 5, DType.BF16);
      if (memory.elements().isNative()) {
        return memory;
      }
    }
  }

  private static void flip(MemorySegment segment, long at) {
    segment.set(ValueLayout.JAVA_BYTE, at, (byte) ~segment.get(ValueLayout.JAVA_BYTE, at));
  }
}
