package dev.temper.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {

  @TempDir private Path folder;

  @Test
  void readsBackWhatItWrote() throws IOException {
    Path file = folder.resolve("a.safetensors");
    byte[] odd = {1, 2, 3, 4, 5, 6};
    SafetensorsWriter.write(file, List.of(
        new Tensor("half", DType.BF16, List.of(3L), MemorySegment.ofArray(odd)),
        new Tensor("matrix é", DType.F32, List.of(1L, 2L), MemorySegment.ofArray(new float[] {1.5f, -0f})),
        new Tensor("labels", DType.I64, List.of(2L), MemorySegment.ofArray(new long[] {-100, 7})),
        new Tensor("scalar", DType.I32, List.of(), MemorySegment.ofArray(new int[] {9})),
        new Tensor("none", DType.F16, List.of(0L, 5L), MemorySegment.ofArray(new byte[0]))));
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThat(read.tensors().keySet()).containsExactly("labels", "matrix é", "scalar", "half", "none");
      Tensor matrix = read.tensor("matrix é");
      assertThat(matrix.shape()).containsExactly(1L, 2L);
      assertThat(matrix.data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)).containsExactly(1.5f, -0f);
      assertThat(read.tensor("labels").data().toArray(ValueLayout.JAVA_LONG_UNALIGNED)).containsExactly(-100, 7);
      assertThat(read.tensor("half").data().toArray(ValueLayout.JAVA_BYTE)).containsExactly(odd);
      assertThat(read.tensor("half").dtype()).isEqualTo(DType.BF16);
      assertThat(read.tensor("scalar").elements()).isEqualTo(1);
      assertThat(read.tensor("none").elements()).isZero();
      assertThat(matrix.data().isReadOnly()).isTrue();
    }
    assertThat(ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8).isZero();
  }

  @Test
  void writesTensorsLargerThanItsBuffer() throws IOException {
    Path file = folder.resolve("large.safetensors");
    int n = 700_001;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(ValueLayout.JAVA_FLOAT, n);
      for (int i = 0; i < n; i++) {
        values.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
      }
      SafetensorsWriter.write(file, List.of(new Tensor("x", DType.F32, List.of((long) n), values)));
      try (SafetensorsFile read = SafetensorsFile.open(file)) {
        assertThat(read.tensor("x").data().mismatch(values)).isEqualTo(-1);
      }
    }
  }

  @Test
  void namesAndMetadataMayHoldAnyCharacter() throws IOException {
    Path file = folder.resolve("b.safetensors");
    String text = "a \"quoted\" \\ name,\nof two lines \u0001 é \uD83D\uDE42";
    SafetensorsWriter.write(file, Map.of(text, text),
        List.of(new Tensor(text, DType.I32, List.of(), MemorySegment.ofArray(new int[1]))));
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThat(read.tensors().keySet()).containsExactly(text);
      assertThat(read.metadata()).isEqualTo(Map.of(text, text));
    }
  }

  @Test
  void refusesToWriteTwoTensorsOfOneName() {
    Tensor tensor = new Tensor("x", DType.I32, List.of(), MemorySegment.ofArray(new int[1]));
    Path file = folder.resolve("x.safetensors");
    assertThatThrownBy(() -> SafetensorsWriter.write(file, List.of(tensor, tensor)))
        .hasMessageContaining("two tensors have the name 'x'");
    assertThat(file).doesNotExist();
  }
}
