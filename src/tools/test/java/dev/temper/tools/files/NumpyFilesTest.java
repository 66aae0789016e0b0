package dev.temper.tools.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.DType;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFile;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NumpyFilesTest {

  private static final byte[] SIX_FLOATS = NumpyBytes.floats(1, 2, 3, 4, 5, 6);

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void readsEveryVersion(int version) throws IOException {
    Path file = folder.resolve("x.npy");
    Files.write(file, NumpyBytes.npy(version, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
        SIX_FLOATS));
    try (TensorFile read = TensorFiles.open(file)) {
      Tensor tensor = read.tensor("x");
      assertThat(tensor.describe()).isEqualTo("[2, 3] F32");
      assertThat(tensor.data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)).containsExactly(1, 2, 3, 4, 5, 6);
    }
  }

  @ParameterizedTest
  @CsvSource({"<f4,F32", "<f2,F16", "<i4,I32", "<i8,I64"})
  void readsEveryType(String descr, DType dtype) throws IOException {
    Path file = folder.resolve("x.npy");
    String header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (3,), }";
    Files.write(file, NumpyBytes.npy(1, header, new byte[3 * dtype.bytes()]));
    try (NpyFile read = NpyFile.open(file)) {
      assertThat(read.tensor("x").dtype()).isEqualTo(dtype);
      assertThat(read.tensor("x").shape()).containsExactly(3L);
      assertThat(read.conversions()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "{'descr': '<u8', 'fortran_order': False, 'shape': (3,), }  | has dtype '<u8', which cannot be used",
      "{'descr': '>f4', 'fortran_order': False, 'shape': (6,), }  | has dtype '>f4', which cannot be used",
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), } | has dtype '[('a', '<f4')]'",
      "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 4), } | takes 32 bytes, but 24 follow the header",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }  | takes 28 bytes, but 24 follow the header; the file "
      + "is truncated",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }  | takes 20 bytes, but 24 follow the header",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2305843009213693952,), } | beyond 2^63 bytes",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-6,), } | expected a size",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), } | more than 2^63 elements",
      "{'descr': '<f4', 'fortran_order': False, }                 | missing",
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (6,), }      | expected True or False",
      "{'descr': '<f4', 'descr': '<f2', 'fortran_order': False, 'shape': (6,), } | appears twice",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'x': 1} | unknown key 'x'",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), } x | text after the closing",
      "{'descr': '<f4                                             | string without an end",
      "{'descr'                                                   | it ends too early",
      "[]                                                         | expected '{'"
  })
  void refusesWhatItCannotUse(String header, String cause) throws IOException {
    Path file = folder.resolve("x.npy");
    Files.write(file, NumpyBytes.npy(1, header, SIX_FLOATS));
    assertThatThrownBy(() -> {
      try (NpyFile read = NpyFile.open(file)) {
        read.tensor("x");
      }
    }).isExactlyInstanceOf(IllegalArgumentException.class).hasMessageStartingWith(file + ": ")
        .hasMessageContaining(cause);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void readsStoredAndDeflatedArchives(boolean deflated) throws IOException {
    Path file = folder.resolve("batch.npz");
    Files.write(file, NumpyBytes.npz(deflated, Map.of(
        "student.npy", NumpyBytes.npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", SIX_FLOATS),
        "wide.npy", NumpyBytes.npy(1, "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", new byte[8]),
        "note.txt", new byte[3])));
    try (TensorFile read = TensorFiles.open(file)) {
      assertThat(read.tensors().keySet()).containsExactlyInAnyOrder("student", "wide");
      assertThat(read.tensor("student").data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED))
          .containsExactly(1, 2, 3, 4, 5, 6);
      assertThatThrownBy(() -> read.tensor("wide")).hasMessageStartingWith(file + ": tensor 'wide' has dtype '<c8'");
    }
  }

  @Test
  void anArchiveThatClaimsMoreThanItHoldsIsRefusedBeforeAllocation() throws IOException {
    Path file = folder.resolve("bomb.npz");
    byte[] npy = NumpyBytes.npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }", SIX_FLOATS);
    Files.write(file, NumpyBytes.npz(true, Map.of("x.npy", npy)));
    try (TensorFile read = TensorFiles.open(file)) {
      assertThatThrownBy(() -> read.tensor("x")).isExactlyInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(file + ": tensor 'x' is [1000000000000] <f4, which takes 4000000000")
          .hasMessageContaining("archive holds");
    }
  }

  @Test
  void aMillionPackedZerosAreReadOnlyAsFarAsTheShapeGoes() throws IOException {
    Path file = folder.resolve("zeros.npz");
    byte[] npy = NumpyBytes.npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", new byte[10_000_000]);
    Files.write(file, NumpyBytes.npz(true, Map.of("x.npy", npy)));
    try (TensorFile read = TensorFiles.open(file)) {
      assertThatThrownBy(() -> read.tensor("x")).hasMessageContaining("which takes 136 bytes with its header, but the "
          + "archive holds");
    }
  }

  @Test
  void anArchiveThatUnpacksFarBeyondItsSizeIsRefusedBeforeItIsUnpacked() throws IOException {
    Path file = folder.resolve("zeros.npz");
    int elements = 100_000;
    byte[] npy = NumpyBytes.npy(
        1, "{'descr': '<f4', 'fortran_order': False, 'shape': (" + elements + ",), }", new byte[4 * elements]);
    Files.write(file, NumpyBytes.npz(true, Map.of("x.npy", npy)));
    try (TensorFile read = TensorFiles.open(file, new ReadLimits(npy.length - 1, 50))) {
      assertThatThrownBy(() -> read.tensor("x")).isExactlyInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(file + ": tensor 'x' would unpack from ").hasMessageContaining(" to 400128 bytes")
          .hasMessageContaining("at most 50 times").hasMessageEndingWith("numpy.savez, which packs nothing");
    }
    for (ReadLimits enough : List.of(new ReadLimits(npy.length, 50), new ReadLimits(0, 2_000), ReadLimits.NONE)) {
      try (TensorFile read = TensorFiles.open(file, enough)) {
        assertThat(read.tensor("x").elements()).isEqualTo(elements);
        assertThat(read.tensor("x")).as("unpacked once").isSameAs(read.tensor("x"));
      }
    }
    Files.write(file, NumpyBytes.npz(false, Map.of("x.npy", npy)));
    try (TensorFile read = TensorFiles.open(file, new ReadLimits(0, 1))) {
      assertThat(read.tensor("x").elements()).as("stored as it is").isEqualTo(elements);
    }
  }

  @Test
  void packedBytesThatAnArchiveOnlyClaimsDoNotCount() throws IOException {
    Path file = folder.resolve("claims.npz");
    byte[] npy = NumpyBytes.npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (100000,), }", new byte[400_000]);
    byte[] archive = NumpyBytes.npz(true, Map.of("x.npy", npy));
    int directory = ByteBuffer.wrap(archive).order(ByteOrder.LITTLE_ENDIAN).getInt(archive.length - 6);
    ByteBuffer.wrap(archive).order(ByteOrder.LITTLE_ENDIAN).putInt(directory + 20, 1_000_000_000);
    Files.write(file, archive);
    try (TensorFile read = TensorFiles.open(file, new ReadLimits(0, 50))) {
      assertThatThrownBy(() -> read.tensor("x"))
          .hasMessageContaining("would unpack from " + archive.length + " to 400128 bytes");
    } catch (IllegalArgumentException e) {
      assertThat(e).as("the archive is refused when it is opened").hasMessageStartingWith(file + ": not a valid .npz");
    }
  }

  @Test
  void anArchiveOfTooManyFilesIsRefused() throws IOException {
    Path file = folder.resolve("many.npz");
    Map<String, byte[]> files = new TreeMap<>();
    for (int i = 0; i <= 1 << 14; i++) {
      files.put(i + ".txt", new byte[0]);
    }
    Files.write(file, NumpyBytes.npz(false, files));
    assertThatThrownBy(() -> TensorFiles.open(file).close())
        .hasMessage(file + ": holds 16385 files, expected at most 16384");
  }

  @Test
  void aDamagedElementIsFoundByItsChecksum() throws IOException {
    Path file = folder.resolve("damaged.npz");
    byte[] npy = NumpyBytes.npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", SIX_FLOATS);
    byte[] archive = NumpyBytes.npz(false, Map.of("x.npy", npy));
    archive[30 + "x.npy".length() + npy.length - 1] ^= 1;
    Files.write(file, archive);
    try (TensorFile read = TensorFiles.open(file)) {
      assertThatThrownBy(() -> read.tensor("x")).hasMessage(file + ": tensor 'x' does not match its checksum");
    }
  }

  @Test
  void otherFilesAreRefusedByName() throws IOException {
    Path file = folder.resolve("x.npz");
    Files.write(file, new byte[100]);
    assertThatThrownBy(() -> TensorFiles.open(file).close()).isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(file + ": not a valid .npz (zip) file");
    Path npy = folder.resolve("x.npy");
    Files.write(npy, new byte[100]);
    assertThatThrownBy(() -> TensorFiles.open(npy).close()).hasMessage(npy + ": does not begin as a .npy file does");
    Path other = folder.resolve("x.pt");
    Files.write(other, new byte[1]);
    assertThatThrownBy(() -> TensorFiles.open(other).close()).hasMessageContaining("known by the end of their names");
    assertThatThrownBy(() -> TensorFiles.open(folder).close()).hasMessageContaining("not a regular file");
    assertThat(List.of(file, npy, other)).allSatisfy(made -> assertThat(made).exists());
  }
}
