package dev.temper.kernel.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.internal.EndedProcess;
import dev.temper.internal.TemporaryFiles;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class DiskCacheTest {

  private static final CacheKey KEY = key("a");

  @TempDir Path folder;

  @Test
  void givesBackWhatItWasGiven() {
    cache().write(KEY, bytes("code"));
    assertThat(cache().read(KEY)).contains(bytes("code"));
    assertThat(cache().read(key("b"))).isEmpty();
  }

  @Test
  void anEntryIsServedForItsOwnKeyAlone() throws IOException {
    cache().write(KEY, bytes("code"));
    Path entry = onlyEntry();
    Files.move(entry, folder.resolve("cache/" + key("b").name() + ".kernel"));
    assertThat(cache().read(key("b"))).as("another key whose name is the same").isEmpty();
    cache().write(key("b"), bytes("other"));
    assertThat(cache().read(key("b"))).contains(bytes("other"));
  }

  @Test
  void directoryIsClosedToOthers() throws IOException {
    DiskCache.open(folder.resolve("parent/cache"), 1000);
    for (String made : List.of("parent", "parent/cache")) {
      assertThat(Files.getPosixFilePermissions(folder.resolve(made)))
          .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    }
  }

  @ParameterizedTest
  @CsvSource({"rwxrwxrwx,false", "rwxrwx---,false", "rwx----w-,false", "rwxr-xr-x,true", "rwx------,true"})
  void isOffInADirectoryThatOthersCanWrite(String mode, boolean on) throws IOException {
    Path directory = Files.createDirectory(folder.resolve("cache"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(mode));
    assertThat(cache().isOn()).isEqualTo(on);
    if (!on) {
      assertThat(cache().describe()).isEqualTo("cache off: " + directory + " can be written by other users");
    }
    assertThat(permissions()).as("the directory stays as it is").isEqualTo(mode);
  }

  @Test
  void isOffInAnothersDirectory() throws IOException {
    Path another = Files.createDirectory(folder.resolve("cache"));
    assumeTrue(own(another) == 0, "did not run: only the system's administrator can give a directory away");
    Files.setAttribute(another, "unix:uid", 12_345);
    assertThat(cache().describe()).isEqualTo("cache off: " + another + " belongs to user 12345, not to this one");
  }

  @Test
  void anEntryOfAnotherUserIsAMissAndReplaced() throws IOException {
    cache().write(KEY, bytes("code"));
    Path entry = onlyEntry();
    assumeTrue(own(entry) == 0, "did not run: only the system's administrator can give a file away");
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

  /** The checksum is right: the entry was made by somebody who knows it. */
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

  private static int own(Path file) throws IOException {
    return (int) Files.getAttribute(file, "unix:uid");
  }

  private String permissions() throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("cache")));
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

  @Test
  void leastRecentlyUsedGoFirst() throws IOException {
    cache().write(KEY, new byte[100]);
    DiskCache cache = DiskCache.open(folder.resolve("cache"), 3 * Files.size(onlyEntry()));
    for (String name : List.of("a", "b", "c")) {
      cache.write(key(name), new byte[100]);
    }
    age("a", 30);
    age("b", 20);
    age("c", 10);
    assertThat(cache.read(key("a"))).isPresent();
    cache.write(key("d"), new byte[100]);
    assertThat(cache.read(key("b"))).isEmpty();
    assertThat(Stream.of("a", "c", "d").map(name -> cache.read(key(name)).isPresent())).containsOnly(true);
  }

  @Test
  void abandonedTemporaryFilesGo() throws IOException {
    DiskCache cache = cache();
    Path old = Files.writeString(folder.resolve("cache/left.tmp"), "x");
    Path fresh = Files.writeString(folder.resolve("cache/fresh.tmp"), "x");
    Path ended = Files.writeString(folder.resolve("cache/" + EndedProcess.temporaryName() + ".tmp"), "x");
    Path own = Files.writeString(folder.resolve("cache/" + TemporaryFiles.prefix() + "1.tmp"), "x");
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    cache.write(KEY, bytes("code"));
    assertThat(List.of(old, ended)).noneMatch(Files::exists);
    assertThat(List.of(fresh, own)).allMatch(Files::exists);
  }

  @Test
  void isOffWhereNothingCanBeWritten() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "in the way");
    DiskCache cache = DiskCache.open(file.resolve("cache"), 1000);
    cache.write(KEY, bytes("code"));
    assertThat(cache.isOn()).isFalse();
    assertThat(cache.read(KEY)).isEmpty();
    assertThat(cache.describe()).startsWith("cache off: ").contains(file.toString());
  }

  @Test
  void isOffBehindASymbolicLink() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("cache"), Files.createDirectory(folder.resolve("elsewhere")));
    assertThat(DiskCache.open(link, 1000).describe()).startsWith("cache off: ").contains("symbolic link");
  }

  @Test
  void entriesAreWholeWhileOthersWriteAndEvict() {
    byte[] content = new byte[20_000];
    long read = IntStream.range(0, 400).parallel().filter(i -> {
      // Room for about half of the keys, so that readers meet entries that are being evicted.
      DiskCache cache = DiskCache.open(folder.resolve("cache"), 80_000);
      CacheKey key = key("k" + i % 8);
      cache.write(key, content);
      return cache.read(key).map(found -> Arrays.equals(found, content)).orElse(true);
    }).count();
    assertThat(read).isEqualTo(400);
    assertThat(cache().describe()).contains(" entries, ");
  }

  @Test
  void directoryIsThePropertyElseXdgElseHome() {
    Map<String, String> xdg = Map.of("XDG_CACHE_HOME", "/x");
    assertThat(CacheDirectory.choose("/p/q", xdg, "/home/ann")).isEqualTo(Path.of("/p/q"));
    assertThat(CacheDirectory.choose(null, xdg, "/home/ann")).isEqualTo(Path.of("/x/temper"));
    assertThat(CacheDirectory.choose(null, Map.of("XDG_CACHE_HOME", "rel"), "/home/ann"))
        .isEqualTo(Path.of("/home/ann/.cache/temper"));
    assertThat(CacheDirectory.choose(null, Map.of(), "/home/ann")).isEqualTo(Path.of("/home/ann/.cache/temper"));
    assertThat(CacheDirectory.choose(null, Map.of(), "?")).isAbsolute().hasFileName("temper-cache");
  }

  @Test
  void keyHasLongTextsByTheirChecksums() {
    String text = "x".repeat(100_000);
    CacheKey key = CacheKey.schema("s").addContent("file", text).build();
    assertThat(key.material()).hasSizeLessThan(100);
    assertThat(CacheKey.schema("s").addContent("file", text).build()).isEqualTo(key);
    for (String other : List.of(text + "x", text.substring(1), text.substring(1) + "y", "y" + text.substring(1))) {
      assertThat(CacheKey.schema("s").addContent("file", other).build()).isNotEqualTo(key);
    }
  }

  @Test
  void keyTellsApartWhatConcatenationWouldNot() {
    assertThat(CacheKey.schema("s").add("o", List.of("a", "bc")).build())
        .isNotEqualTo(CacheKey.schema("s").add("o", List.of("ab", "c")).build())
        .isNotEqualTo(CacheKey.schema("s").add("o", List.of("bc", "a")).build())
        .isEqualTo(CacheKey.schema("s").add("o", List.of("a", "bc")).build());
  }

  private DiskCache cache() {
    return DiskCache.open(folder.resolve("cache"), 1 << 20);
  }

  private void age(String name, int minutes) throws IOException {
    Files.setLastModifiedTime(folder.resolve("cache/" + key(name).name() + ".kernel"),
        FileTime.from(Instant.now().minus(Duration.ofMinutes(minutes))));
  }

  private Path onlyEntry() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
      return files.toList().getFirst();
    }
  }

  private static CacheKey key(String name) {
    return CacheKey.schema("test").add("name", name).build();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
