package dev.temper.tools.files;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.io.Tensor;
import dev.temper.io.TensorFile;
import dev.temper.io.TensorInfo;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Tests damaged files from a seed. Each is read to its last byte, or refused with its name and a cause. System property
 * {@code temper.fuzz.files} sets their number.
 */
final class MutatedFilesTest {

  private static final int FILES = Integer.getInteger("temper.fuzz.files", 1_000);
  private static final long MOST_NANOSECONDS = 10_000_000_000L;

  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource
  @Timeout(1_200)
  void isReadOrRefused(MutatedFiles format) throws IOException {
    Random random = new Random(20_250_916);
    Path file = folder.resolve(format.fileName());
    int rounds = FILES / MutatedFiles.values().length;
    int refused = 0;
    for (int round = 0; round < rounds; round++) {
      byte[] damaged = format.damaged(random);
      Files.write(file, damaged);
      long start = System.nanoTime();
      refused += isRefused(file, damaged) ? 1 : 0;
      assertThat(System.nanoTime() - start).as(() -> hex(damaged)).isLessThan(MOST_NANOSECONDS);
    }
    // Damage to elements cannot be seen in formats without a checksum: some files stay valid.
    assertThat(refused).isBetween(rounds / 3, rounds - 1);
  }

  @ParameterizedTest
  @EnumSource
  void withoutDamageIsRead(MutatedFiles format) throws IOException {
    Path file = Files.write(folder.resolve(format.fileName()), format.valid());
    assertThat(isRefused(file, format.valid())).isFalse();
  }

  private static boolean isRefused(Path file, byte[] damaged) {
    try (TensorFile read = TensorFiles.open(file)) {
      boolean refused = false;
      for (TensorInfo info : read.tensors().values()) {
        refused |= isRefused(read, info);
      }
      return refused;
    } catch (IllegalArgumentException e) {
      check(file, e);
      return true;
    } catch (IOException | RuntimeException | Error e) {
      throw new AssertionError(hex(damaged), e);
    }
  }

  private static boolean isRefused(TensorFile file, TensorInfo info) throws IOException {
    try {
      Tensor tensor = file.tensor(info.name());
      CRC32 sum = new CRC32();
      sum.update(tensor.data().toArray(ValueLayout.JAVA_BYTE));
      assertThat(tensor.data().byteSize()).isEqualTo(tensor.elements() * tensor.dtype().bytes());
      return false;
    } catch (IllegalArgumentException e) {
      check(file.path(), e);
      return !info.dtypeName().equals("F8_E4M3");  // no loss takes this type
    }
  }

  private static void check(Path file, IllegalArgumentException e) {
    assertThat(e).hasMessageStartingWith(file + ": ");
    assertThat(e.getMessage()).doesNotEndWith("null").hasSizeLessThan(2_000).doesNotContainPattern("\\p{Cntrl}");
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
