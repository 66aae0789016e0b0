package dev.temper.tools.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.io.SafetensorsBytes;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFile;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests that NumPy's default types and orders are converted for a loss, and that the file reports it. */
final class ConversionsTest {

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"'|u1',U8,1", "'|i1',I8,1", "'<u2',U16,2", "'<i2',I16,2", "'<u4',U32,4"})
  void smallIntegersBecomeLabels(String numpy, String safetensors, int bytes) throws IOException {
    byte[] data = new byte[2 * bytes];
    data[0] = 7;
    Arrays.fill(data, bytes, 2 * bytes, (byte) 0xff);
    long last = numpy.charAt(1) == 'i' ? -1 : (1L << (8 * bytes)) - 1;
    Path npy = npy(numpy, false, "2,", data);
    Path file = safetensors(safetensors, "2", data);
    for (Path path : List.of(npy, file)) {
      try (InputFile read = TensorFiles.open(path)) {
        Tensor tensor = read.tensor("x");
        DType dtype = bytes == 4 ? DType.I64 : DType.I32;
        assertThat(tensor.dtype()).isEqualTo(dtype);
        long[] values = dtype == DType.I64
            ? tensor.data().toArray(ValueLayout.JAVA_LONG_UNALIGNED)
            : Arrays.stream(tensor.data().toArray(ValueLayout.JAVA_INT_UNALIGNED)).asLongStream().toArray();
        assertThat(values).containsExactly(7, last);
        String from = path.equals(npy) ? numpy : safetensors;
        assertThat(read.conversions()).containsExactly("'x' from " + from + " to " + dtype);
      }
    }
  }

  @Test
  void doublesBecomeFloatsRoundedOnce() throws IOException {
    double[] values = {0.1, -1e-50, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN, Float.MAX_VALUE};
    byte[] doubles = NumpyBytes.doubles(values);
    for (Path path : List.of(npy("<f8", false, "6,", doubles), safetensors("F64", "6", doubles))) {
      try (InputFile read = TensorFiles.open(path)) {
        assertThat(read.tensor("x").data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)).containsExactly(
            0.1f, -0f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, Float.MAX_VALUE);
        assertThat(read.info("x").dtypeName()).as("what the file says").isIn("<f8", "F64");
        assertThat(read.tensor("x")).as("converted once").isSameAs(read.tensor("x"));
        assertThat(read.conversions()).hasSize(1);
      }
    }
  }

  @Test
  void aFiniteDoubleThatWouldBecomeInfinityIsRefusedByItsPlace() throws IOException {
    byte[] data = NumpyBytes.doubles(0, 1, 2, 3, 4, -1.7976931348623157e308);
    Path file = npy("<f8", false, "2, 3", data);
    refused(file, "holds -1.7976931348623157E308 at [1, 2], beyond the range of F32; mask classes with -Infinity");
    // In Fortran order the last element is the same, and the one before it lies in another row.
    refused(npy("<f8", true, "2, 3", data), "at [1, 2]");
    refused(npy("<f8", true, "2, 3", NumpyBytes.doubles(0, 1, 2, 3, 1e300, 5)), "holds 1.0E300 at [0, 2]");
    refused(safetensors("F64", "2,3", NumpyBytes.doubles(0, 1e39, 2, 3, 4, 5)), "holds 1.0E39 at [0, 1]");
  }

  @Test
  void fortranOrderBecomesCOrder() throws IOException {
    // numpy.asfortranarray([[1, 2, 3], [4, 5, 6]])
    try (InputFile read = TensorFiles.open(npy("<f4", true, "2, 3", NumpyBytes.floats(1, 4, 2, 5, 3, 6)))) {
      assertThat(read.tensor("x").data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)).containsExactly(1, 2, 3, 4, 5, 6);
      assertThat(read.conversions()).containsExactly("'x' from Fortran to C order");
    }
    // numpy.arange(12).reshape(2, 3, 2) in Fortran order, f64.
    Path cube = npy("<f8", true, "2, 3, 2", NumpyBytes.doubles(0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11));
    try (InputFile read = TensorFiles.open(cube)) {
      assertThat(read.tensor("x").data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED))
          .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
      assertThat(read.conversions()).containsExactly("'x' from <f8 to F32 and from Fortran to C order");
    }
  }

  @ParameterizedTest
  @CsvSource({"'6,'", "'1, 6'", "'6, 1'", "'1, 6, 1'"})
  void whereBothOrdersAreTheSameNothingIsConverted(String shape) throws IOException {
    try (InputFile read = TensorFiles.open(npy("<f4", true, shape, NumpyBytes.floats(1, 2, 3, 4, 5, 6)))) {
      assertThat(read.tensor("x").data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)).containsExactly(1, 2, 3, 4, 5, 6);
      assertThat(read.conversions()).isEmpty();
    }
  }

  @Test
  void archivesAreConvertedToo() throws IOException {
    Path file = folder.resolve("batch.npz");
    Files.write(file, NumpyBytes.npz(true, Map.of(
        "a.npy", NumpyBytes.npy(1, header("<f8", true, "1, 2"), NumpyBytes.doubles(1, 2)),
        "b.npy", NumpyBytes.npy(1, header("|u1", false, "2,"), new byte[] {(byte) 200, 1}))));
    try (InputFile read = TensorFiles.open(file)) {
      assertThat(read.tensor("b").data().toArray(ValueLayout.JAVA_INT_UNALIGNED)).containsExactly(200, 1);
      assertThat(read.tensor("a").data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)).containsExactly(1, 2);
      assertThat(read.conversions()).containsExactly("'b' from |u1 to I32", "'a' from <f8 to F32");
    }
  }

  @Test
  void aFileThatShrinksWhileItIsReadIsASentence() throws IOException {
    byte[] data = new byte[8 << 20];
    Path file = safetensors("F64", Integer.toString(data.length / 8), data);
    try (InputFile read = TensorFiles.open(file)) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(4_096);
      }
      assertThatThrownBy(() -> read.tensor("x")).isInstanceOf(IOException.class)
          .hasMessageStartingWith(file + ": became shorter while it was read; ");
    }
  }

  private static void refused(Path file, String cause) throws IOException {
    try (TensorFile read = TensorFiles.open(file)) {
      assertThatThrownBy(() -> read.tensor("x")).isExactlyInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(file + ": tensor 'x' ").hasMessageContaining(cause);
    }
  }

  private Path npy(String type, boolean fortran, String shape, byte[] data) throws IOException {
    return Files.write(folder.resolve("x.npy"), NumpyBytes.npy(1, header(type, fortran, shape), data));
  }

  private static String header(String type, boolean fortran, String shape) {
    return "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False")
        + ", 'shape': (" + shape + "), }";
  }

  private Path safetensors(String type, String shape, byte[] data) throws IOException {
    return Files.write(folder.resolve("x.safetensors"), SafetensorsBytes.file("{\"x\":{\"dtype\":\"" + type
        + "\",\"shape\":[" + shape + "],\"data_offsets\":[0," + data.length + "]}}", data));
  }
}
