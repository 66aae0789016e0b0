package dev.temper.kernel.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    cache();
    assertThat(permissions()).isEqualTo("rwx------");
    Files.setPosixFilePermissions(folder.resolve("cache"), PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThat(cache().isOn()).isTrue();
    assertThat(permissions()).isEqualTo("rwx------");
  }

  @Test
  void isOffInAnothersDirectory() throws IOException {
    Path another = Files.createDirectory(folder.resolve("cache"));
    assumeTrue(own(another) == 0, "did not run: only the system's administrator can give a directory away");
    Files.setAttribute(another, "unix:uid", 12_345);
    assertThat(cache().describe()).isEqualTo("cache off: java.io.IOException: " + another + " belongs to user 12345, not to this one");
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
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    cache.write(KEY, bytes("code"));
    assertThat(old).doesNotExist();
    assertThat(fresh).exists();
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
    assertThat(CacheDirectory.choose(null, Map.of("XDG_CACHE_HOME", "rel"), "/home/ann")).isEqualTo(Path.of("/home/ann/.cache/temper"));
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
