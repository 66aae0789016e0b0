package dev.temper.tools.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.temper.DType;
import dev.temper.io.SafetensorsHeader;
import dev.temper.io.Tensor;
import dev.temper.io.TensorFile;
import dev.temper.io.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Thousands of damaged files, seeded: each is read in full, or refused with the file's name. */
class HostileFilesTest {

  private static final String NPY_HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

  private static final String DIGITS_AND_MARKS = "0123456789-.,:[]{}()\"'\\ eE";

  @TempDir private Path folder;

  @Test
  void safetensors() throws IOException {
    Path file = folder.resolve("a.safetensors");
    SafetensorsWriter.write(file, List.of(
        new Tensor("student", DType.F32, List.of(2L, 3L), MemorySegment.ofArray(new float[6])),
        new Tensor("labels", DType.I64, List.of(2L), MemorySegment.ofArray(new long[2])),
        new Tensor("teacher", DType.BF16, List.of(2L, 3L), MemorySegment.ofArray(new short[6]))));
    attack(file, Files.readAllBytes(file), 4_000);
  }

  @Test
  void safetensorsHeaders() {
    byte[] valid = ("{\"__metadata__\":{\"format\":\"pt\"},\"student\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
        + "\"labels\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[24,40]}}").getBytes(StandardCharsets.UTF_8);
    Random random = new Random(8_128);
    int refused = 0;
    for (int round = 0; round < 100_000; round++) {
      String header = new String(damage(valid, random), StandardCharsets.UTF_8);
      try {
        long bytes = 0;
        for (SafetensorsHeader.Entry entry : SafetensorsHeader.parse(header, 40).values()) {
          assertThat(entry.begin()).isBetween(0L, entry.end());
          bytes += entry.end() - entry.begin();
        }
        assertThat(bytes).as(header).isEqualTo(40);
      } catch (IllegalArgumentException e) {
        refused++;
      } catch (RuntimeException e) {
        fail(header, e);
      }
    }
    assertThat(refused).isBetween(50_000, 100_000);
  }

  @Test
  void npy() throws IOException {
    attack(folder.resolve("a.npy"), NumpyBytes.npy(1, NPY_HEADER, new byte[24]), 2_000);
  }

  @Test
  void npz() throws IOException {
    byte[] npy = NumpyBytes.npy(1, NPY_HEADER, new byte[24]);
    attack(folder.resolve("stored.npz"), NumpyBytes.npz(false, Map.of("a.npy", npy, "b.npy", npy)), 1_000);
    attack(folder.resolve("deflated.npz"), NumpyBytes.npz(true, Map.of("a.npy", npy, "b.npy", npy)), 1_000);
  }

  private static void attack(Path file, byte[] valid, int rounds) throws IOException {
    Random random = new Random(20_250_916);
    int refused = 0;
    for (int round = 0; round < rounds; round++) {
      byte[] damaged = damage(valid, random);
      Files.write(file, damaged);
      try (TensorFile read = TensorFiles.open(file)) {
        for (TensorInfo info : read.tensors().values()) {
          if (info.dtype().isPresent()) {
            touch(read.tensor(info.name()));
          }
        }
      } catch (IllegalArgumentException e) {
        refused++;
        assertThat(e).hasMessageStartingWith(file + ": ");
        assertThat(e.getMessage()).doesNotEndWith("null").hasSizeLessThan(2_000).doesNotContainPattern("[\\p{Cntrl}]");
      } catch (IOException e) {
        fail("round " + round + ": " + Arrays.toString(damaged), e);
      } catch (RuntimeException e) {
        fail("round " + round + ": " + Arrays.toString(damaged), e);
      }
    }
    // Damage to the elements alone cannot be seen in formats without a checksum: some files stay valid.
    assertThat(refused).isBetween(rounds / 3, rounds);
  }

  private static byte[] damage(byte[] valid, Random random) {
    byte[] bytes = valid.clone();
    for (int n = 1 + random.nextInt(3); n > 0 && bytes.length > 1; n--) {
      int at = random.nextInt(bytes.length);
      bytes = switch (random.nextInt(6)) {
        case 0 -> Arrays.copyOf(bytes, at);
        case 1 -> Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(20));
        case 2 -> with(bytes, at, (byte) random.nextInt(256));
        case 3 -> with(bytes, at, (byte) DIGITS_AND_MARKS.charAt(random.nextInt(DIGITS_AND_MARKS.length())));
        case 4 -> with(bytes, at, (byte) (bytes[at] ^ 1 << random.nextInt(8)));
        default -> moved(bytes, at, random.nextInt(bytes.length));
      };
    }
    return bytes;
  }

  private static byte[] with(byte[] bytes, int at, byte value) {
    bytes[at] = value;
    return bytes;
  }

  /** Copies a short piece over another place. */
  private static byte[] moved(byte[] bytes, int from, int to) {
    int length = Math.min(8, bytes.length - Math.max(from, to));
    System.arraycopy(bytes, from, bytes, to, length);
    return bytes;
  }

  private static void touch(Tensor tensor) {
    CRC32 sum = new CRC32();
    sum.update(tensor.data().toArray(ValueLayout.JAVA_BYTE));
    assertThat(tensor.data().byteSize()).isEqualTo(tensor.elements() * tensor.dtype().bytes());
  }
}
