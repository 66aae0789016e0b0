package dev.temper.kernel.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests entries that are damaged, are not files, or can be changed by another user. Each is a miss. */
final class BadCacheEntriesTest extends CacheInFolder {

  @Test
  void anEntryOfAnotherUserIsAMissAndReplaced() throws IOException {
    cache().write(KEY, bytes("code"));
    Path entry = onlyEntry();
    assumeTrue(owner(entry) == 0, "did not run: only the system's administrator can give a file away");
    Files.setAttribute(entry, "unix:uid", 12_345);
    assertThat(cache().read(KEY)).isEmpty();
    assertReplaced(entry);
  }

  @Test
  void anEntryThatOthersCanWriteIsAMissAndReplaced() throws IOException {
    cache().write(KEY, bytes("code"));
    Path entry = onlyEntry();
    Files.setPosixFilePermissions(entry, PosixFilePermissions.fromString("rw-rw-rw-"));
    assertThat(cache().read(KEY)).isEmpty();
    assertReplaced(entry);
  }

  @Test
  void aLinkToAnEntryIsAMissAndReplaced() throws IOException {
    cache().write(KEY, bytes("code"));
    Path entry = onlyEntry();
    Path real = Files.move(entry, folder.resolve("real"));
    Files.createSymbolicLink(entry, real);
    assertThat(cache().read(KEY)).isEmpty();
    assertReplaced(entry);
    assertThat(real).exists();
  }

  @Test
  @Timeout(60)
  void aPipeInThePlaceOfAnEntryIsAMissAndReplaced() throws Exception {
    Path entry = placeOfEntry();
    assertThat(new ProcessBuilder("mkfifo", entry.toString()).inheritIO().start().waitFor()).isZero();
    assertThat(cache().read(KEY)).isEmpty();
    assertReplaced(entry);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFolderInThePlaceOfAnEntryIsAMissAndReplaced(boolean readFirst) throws IOException {
    Path entry = placeOfEntry();
    Path kept = Files.writeString(folder.resolve("kept"), "");
    Files.createDirectories(entry.resolve("inner"));
    Files.createSymbolicLink(entry.resolve("inner/link"), kept);
    if (readFirst) {
      assertThat(cache().read(KEY)).isEmpty();
      assertThat(entry).doesNotExist();
    }
    assertReplaced(entry);
    assertThat(kept).as("links are not followed").exists();
  }

  @Test
  void anEntryBeyondTheLimitIsAMissAndGone() throws IOException {
    Path entry = placeOfEntry();
    try (RandomAccessFile file = new RandomAccessFile(entry.toFile(), "rw")) {
      file.setLength(20L << 30);
    }
    assertThat(cache().read(KEY)).isEmpty();
    assertThat(entry).doesNotExist();
  }

  /** Tests an entry with an impossible length of the key and a correct checksum, as an attacker would write it. */
  @ParameterizedTest
  @ValueSource(ints = {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE - 7, 1_000})
  void anImpossibleLengthOfTheKeyIsAMissAndGone(int length) throws IOException {
    cache().write(KEY, bytes("code"));
    Path entry = onlyEntry();
    ByteBuffer stored = ByteBuffer.wrap(Files.readAllBytes(entry)).putInt(Integer.BYTES, length);
    CRC32C checksum = new CRC32C();
    checksum.update(stored.array(), Integer.BYTES, stored.capacity() - Integer.BYTES);
    Files.write(entry, stored.putInt(0, (int) checksum.getValue()).array());
    assertThat(cache().read(KEY)).isEmpty();
    assertThat(entry).doesNotExist();
  }

  @Test
  void damagedEntryIsAMissAndGone() throws IOException {
    cache().write(KEY, bytes("code"));
    Path entry = onlyEntry();
    byte[] stored = Files.readAllBytes(entry);
    stored[stored.length - 1] ^= 1;
    Files.write(entry, stored);
    assertThat(cache().read(KEY)).isEmpty();
    assertThat(entry).doesNotExist();
  }

  @Test
  void cutEntryIsAMissAndGone() throws IOException {
    cache().write(KEY, bytes("code"));
    Path entry = onlyEntry();
    for (int length : List.of(33, 9, 8, 7, 4, 3, 0)) {
      byte[] stored = Files.exists(entry) ? Files.readAllBytes(entry) : new byte[length];
      Files.write(entry, Arrays.copyOf(stored, length));
      assertThat(cache().read(KEY)).as("%d bytes", length).isEmpty();
      assertThat(entry).doesNotExist();
    }
  }

  private Path placeOfEntry() throws IOException {
    cache().write(KEY, bytes("code"));
    Path entry = onlyEntry();
    Files.delete(entry);
    return entry;
  }

  private void assertReplaced(Path entry) {
    cache().write(KEY, bytes("again"));
    assertThat(entry).isRegularFile();
    assertThat(cache().read(KEY)).contains(bytes("again"));
  }
}
