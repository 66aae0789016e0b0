package dev.temper.kernel.code;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.internal.EndedProcess;
import dev.temper.internal.TemporaryFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Tests reads, evictions and removals of a cache. */
final class DiskCacheTest extends CacheInFolder {

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
  void entriesAreWholeWhileOthersWriteAndEvict() {
    byte[] content = new byte[20_000];
    long read = IntStream.range(0, 400).parallel().filter(i -> {
      // Room for about half of the keys, so that readers find entries that are being evicted.
      DiskCache cache = DiskCache.open(folder.resolve("cache"), 80_000);
      CacheKey key = key("k" + i % 8);
      cache.write(key, content);
      return cache.read(key).map(found -> Arrays.equals(found, content)).orElse(true);
    }).count();
    assertThat(read).isEqualTo(400);
    assertThat(cache().describe()).contains(" entries, ");
  }

  private void age(String name, int minutes) throws IOException {
    Files.setLastModifiedTime(folder.resolve("cache/" + key(name).name() + ".kernel"),
        FileTime.from(Instant.now().minus(Duration.ofMinutes(minutes))));
  }
}
