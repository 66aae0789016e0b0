package dev.temper.kernel.code;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.internal.KilledProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests that processes killed while they fill the cache leave no incomplete entry, and that the next process removes
 * their files.
 */
final class KilledCacheTest {

  @TempDir Path folder;

  @Test
  void everyEntryIsWholeOrAMiss() throws Exception {
    Random random = new Random(28);
    Path directory = folder.resolve("cache");
    for (int kill = 0; kill < KilledProcess.KILLS; kill++) {
      KilledProcess.run(CacheFiller.class, List.of(), random, 200, directory.toString());
      DiskCache cache = CacheFiller.open(directory);
      for (int entry = 0; entry < CacheFiller.ENTRIES; entry++) {
        byte[] expected = CacheFiller.content(entry);
        cache.read(CacheFiller.key(entry)).ifPresent(found -> assertThat(found).isEqualTo(expected));
      }
      cache.write(CacheFiller.key(0), CacheFiller.content(0));
      assertThat(cache.read(CacheFiller.key(0))).contains(CacheFiller.content(0));
      assertThat(names(directory)).as("after kill %d", kill).allMatch(name -> name.endsWith(".kernel"));
    }
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
