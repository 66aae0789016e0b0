package dev.temper.tools.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.io.SafetensorsFile;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFile;
import dev.temper.io.TensorInfo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {

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
    try (TensorFile read = TensorFiles.open(file)) {
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
  void readsAHandWrittenFile() throws IOException {
    Path file = write("{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[4,12]},"
        + "\"a\":{\"data_offsets\":[0,4],\"shape\":[2],\"dtype\":\"F16\"}}   ", 12);
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThat(read.tensors().values()).extracting(TensorInfo::describe).containsExactly("[1] F64", "[2] F16");
      assertThat(read.tensor("a").data().byteSize()).isEqualTo(4);
      assertThatThrownBy(() -> read.tensor("b")).isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(file + ": tensor 'b' has dtype 'F64', which cannot be used here");
      assertThatThrownBy(() -> read.tensor("aa")).isInstanceOf(IllegalArgumentException.class)
          .hasMessage(file + ": no tensor 'aa' (did you mean 'b'?); the file holds 'b', 'a'".replace("'b'?", "'a'?"));
    }
  }

  @Test
  void acceptsAFileWithoutTensors() throws IOException {
    try (SafetensorsFile read = SafetensorsFile.open(write("{}", 0))) {
      assertThat(read.tensors()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}        | 7 | ends at byte 8, but only 7 bytes follow the header",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}        | 9 | 1 bytes follow the last tensor",
      "{'x':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}}        | 8 | does not take the 8 bytes",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}}        | 8 | end before they begin",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[4,12]}}       | 12 | leaves a gap after byte 0",
      "{'x':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}}       | 8 | shape with the negative number -2",
      "{'x':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}}      | 8 | something else than whole numbers",
      "{'x':{'dtype':'F32','shape':2,'data_offsets':[0,8]}}          | 8 | shape that is no array",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8,8]}}      | 8 | more than 2 numbers",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0]}}          | 8 | expected [begin, end]",
      "{'x':{'dtype':'F32','shape':[2]}}                             | 8 | has no data_offsets",
      "{'x':{'shape':[2],'data_offsets':[0,8]}}                      | 8 | has no dtype",
      "{'x':{'dtype':'F32','data_offsets':[0,8]}}                    | 8 | has no shape",
      "{'x':{'dtype':4,'shape':[2],'data_offsets':[0,8]}}            | 8 | dtype that is no string",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8],'y':1}}  | 8 | unknown key 'y'",
      "{'x':7}                                                       | 8 | is no object",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,9223372036854775808]}} | 8 | not valid JSON",
      "{'x':{'dtype':'F32','shape':[4294967296,4294967296],'data_offsets':[0,0]}} | 0 | more than 2^63 elements",
      "{'x':{'dtype':'F32','shape':[4611686018427387904],'data_offsets':[0,0]}} | 0 | does not take the 0 bytes",
      "{'x':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'y':{'dtype':'F32','shape':[1],'data_offsets':[2,6]}} | 6 | overlaps another tensor",
      "{'x':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'y':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | 4 | overlaps another tensor",
      "{'x':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'x':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | 8 | Duplicate",
      "{'x':{'dtype':'F32','dtype':'F16','shape':[1],'data_offsets':[0,4]}}      | 4 | Duplicate",
      "{'__metadata__':{'a':1}}                                      | 0 | value that is no string",
      "{'__metadata__':[]}                                           | 0 | is no object",
      "{'x':{'dtype':[[[[]]]]}}                                      | 0 | dtype that is no string",
      "{'x':{'shape':[[1]]}}                                         | 0 | nesting depth",
      "{} {}                                                         | 0 | goes on after its closing",
      "[]                                                            | 0 | does not begin with '{'",
      " {}                                                           | 0 | does not begin with '{'",
      "{'x':                                                         | 0 | not valid JSON"
  }, ignoreLeadingAndTrailingWhitespace = false)
  void refusesWrongHeaders(String header, String dataBytes, String cause) throws IOException {
    Path file = write(header.stripTrailing().replace('\'', '"'), Integer.parseInt(dataBytes.strip()));
    assertThatThrownBy(() -> SafetensorsFile.open(file).close())
        .isExactlyInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(cause.strip());
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 100_000_001, 100_000_000, 3})
  void refusesWrongHeaderLengths(long length) throws IOException {
    Path file = folder.resolve("length.safetensors");
    Files.write(file, ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put("{}".getBytes(StandardCharsets.UTF_8)).array());
    assertThatThrownBy(() -> SafetensorsFile.open(file).close())
        .isExactlyInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(file + ": header length is ");
  }

  @Test
  void refusesShortFilesAndOtherText() throws IOException {
    Path file = folder.resolve("short.safetensors");
    Files.write(file, new byte[7]);
    assertThatThrownBy(() -> SafetensorsFile.open(file).close()).hasMessageStartingWith(file + ": file of 7 bytes");
    Files.write(file, new byte[] {3, 0, 0, 0, 0, 0, 0, 0, '{', (byte) 0xff, '}'});
    assertThatThrownBy(() -> SafetensorsFile.open(file).close()).hasMessageStartingWith(file + ": header is not UTF-8");
  }

  @Test
  void aDeeplyNestedHeaderIsRefusedNotFollowed() throws IOException {
    Path file = write("{\"x\":{\"shape\":" + "[".repeat(1_000_000), 0);
    assertThatThrownBy(() -> SafetensorsFile.open(file).close()).isExactlyInstanceOf(IllegalArgumentException.class);
    Path metadata = write("{\"__metadata__\":" + "{\"a\":".repeat(1_000_000), 0);
    assertThatThrownBy(() -> SafetensorsFile.open(metadata).close()).isExactlyInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void namesWithControlCharactersAreEscapedInMessages() throws IOException {
    Path file = write("{\"\\u001b[31mred\":{\"dtype\":\"F32\"}}", 0);
    assertThatThrownBy(() -> SafetensorsFile.open(file).close())
        .hasMessage(file + ": tensor '\\u001b[31mred' has no shape");
  }

  @Test
  void refusesToWriteTwoTensorsOfOneName() {
    Tensor tensor = new Tensor("x", DType.I32, List.of(), MemorySegment.ofArray(new int[1]));
    Path file = folder.resolve("x.safetensors");
    assertThatThrownBy(() -> SafetensorsWriter.write(file, List.of(tensor, tensor))).hasMessageContaining("two tensors have the name 'x'");
    assertThat(file).doesNotExist();
  }

  private Path write(String header, int dataBytes) throws IOException {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    Path file = folder.resolve("hand.safetensors");
    Files.write(file, ByteBuffer.allocate(8 + text.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).put(text).array());
    return file;
  }
}
