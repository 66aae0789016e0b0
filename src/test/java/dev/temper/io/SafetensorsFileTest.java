package dev.temper.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {

  @TempDir private Path folder;

  @Test
  void readsAHandWrittenFile() throws IOException {
    Path file = write("{\"__metadata__\":{\"format\":\"pt\"},"
        + "\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[4,12]},"
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
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | 7 | ends at byte 8, but only 7 bytes follow the header",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}        | 9 | 1 bytes follow the last tensor",
      "{'x':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}}        | 8 | does not take the 8 bytes",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}}        | 8 | end before they begin",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[4,12]}}       | 12 | leaves a gap after byte 0",
      "{'x':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}}       | 8 | shape with the negative number -2",
      "{'x':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}}      | 8 | a value that is not a whole number",
      "{'x':{'dtype':'F32','shape':2,'data_offsets':[0,8]}}          | 8 | shape that is not an array",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8,8]}}      | 8 | more than 2 numbers",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0]}}          | 8 | expected [begin, end]",
      "{'x':{'dtype':'F32','shape':[2]}}                             | 8 | has no data_offsets",
      "{'x':{'shape':[2],'data_offsets':[0,8]}}                      | 8 | has no dtype",
      "{'x':{'dtype':'F32','data_offsets':[0,8]}}                    | 8 | has no shape",
      "{'x':{'dtype':4,'shape':[2],'data_offsets':[0,8]}}            | 8 | dtype that is not a string",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8],'y':1}}  | 8 | unknown key 'y'",
      "{'x':7}                                                       | 8 | is not an object",
      "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,9223372036854775808]}} | 8 | not valid JSON",
      "{'x':{'dtype':'F32','shape':[4294967296,4294967296],'data_offsets':[0,0]}} | 0 | more than 2^63 elements",
      "{'x':{'dtype':'F32','shape':[4611686018427387904],'data_offsets':[0,0]}} | 0 | does not take the 0 bytes",
      "{'x':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},"
          + "'y':{'dtype':'F32','shape':[1],'data_offsets':[2,6]}} | 6 | overlaps another tensor",
      "{'x':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},"
          + "'y':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | 4 | overlaps another tensor",
      "{'x':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},"
          + "'x':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | 8 | at character 58: duplicate name 'x'",
      "{'x':{'dtype':'F32','dtype':'F16','shape':[1],'data_offsets':[0,4]}}      | 4 | duplicate name 'dtype'",
      "{'__metadata__':{'a':1}}                                      | 0 | value that is not a string",
      "{'__metadata__':[]}                                           | 0 | is not an object",
      "{'x':{'dtype':[[[[]]]]}}                                      | 0 | dtype that is not a string",
      "{'__metadata__':{},'__metadata__':{}}                         | 0 | duplicate name '__metadata__'",
      "{'__metadata__':{'a':'','a':''}}                              | 0 | duplicate name 'a'",
      "{'x':{'shape':[[1]]}}                                         | 0 | a value that is not a whole number",
      "{'x':{'shape':[1e3]}}                                         | 0 | a value that is not a whole number",
      "{'x':{'shape':[true]}}                                        | 0 | a value that is not a whole number",
      "{'x':{'shape':[01]}}                                          | 0 | zero before them",
      "{'x':{'shape':[-]}}                                           | 0 | number without digits",
      "{'x':{'shape':[1 2]}}                                         | 0 | at character 17: expected ','",
      "{'x':{'shape':[1,]}}                                          | 0 | a value that is not a whole number",
      "{'x':{'dtype':'F32',}}                                        | 0 | not valid JSON at character 20: expected '",
      "{'x':{'dtype' 'F32'}} | 0 | not valid JSON at character 14: expected ':'",
      "{'x\\q':{}}                                                    | 0 | unknown escape '\\q'",
      "{'x\\u12g4':{}}                                                | 0 | without four hexadecimal digits",
      "{'x\\ud800':{}}                                                | 0 | half a surrogate pair",
      "{'x\u0001':{}}                                                | 0 | control character in a string",
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
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 16_777_217, 16_777_216, 3})
  void refusesWrongHeaderLengths(long length) throws IOException {
    Path file = folder.resolve("length.safetensors");
    byte[] bytes = SafetensorsBytes.file("{}", new byte[0]);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
    Files.write(file, bytes);
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
    assertThatThrownBy(() -> SafetensorsFile.open(metadata).close())
        .isExactlyInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void readsEveryEscapeOfNames() throws IOException {
    String name = "a\"\\/\b\f\n\r\t\u00e9\ud83d\ude00";
    Path file = write("{\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\":"
        + "{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1);
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThat(read.tensors().keySet()).containsExactly(name);
      assertThat(read.bytes(name).byteSize()).isEqualTo(1);
    }
  }

  @Test
  void theLargestHeaderIsReadAndOneByteMoreIsNot() throws IOException {
    int largest = Math.toIntExact(SafetensorsFile.MAX_HEADER_BYTES);
    SafetensorsFile.open(write("{}" + " ".repeat(largest - 2), 0)).close();
    Path file = write("{}" + " ".repeat(largest - 1), 0);
    assertThatThrownBy(() -> SafetensorsFile.open(file).close())
        .hasMessage(file + ": header length is 16777217 bytes, expected at most 16777216; this is not a safetensors "
            + "file");
  }

  @Test
  void aFolderIsRefused() {
    assertThatThrownBy(() -> SafetensorsFile.open(folder).close())
        .isExactlyInstanceOf(IllegalArgumentException.class).hasMessage(folder + ": is not a regular file");
  }

  @Test
  void namesWithControlCharactersAreEscapedInMessages() throws IOException {
    Path file = write("{\"\\u001b[31mred\":{\"dtype\":\"F32\"}}", 0);
    assertThatThrownBy(() -> SafetensorsFile.open(file).close())
        .hasMessage(file + ": tensor '\\u001b[31mred' has no shape");
  }

  private Path write(String header, int dataBytes) throws IOException {
    return Files.write(folder.resolve("hand.safetensors"), SafetensorsBytes.file(header, new byte[dataBytes]));
  }
}
