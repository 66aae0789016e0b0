package dev.temper.kernel.code;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/** Holds a cache in a temporary folder of its own. */
abstract class CacheInFolder {

  static final CacheKey KEY = key("a");

  @TempDir Path folder;

  DiskCache cache() {
    return DiskCache.open(folder.resolve("cache"), 1 << 20);
  }

  Path onlyEntry() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
      return files.toList().getFirst();
    }
  }

  static int owner(Path file) throws IOException {
    return (int) Files.getAttribute(file, "unix:uid");
  }

  static CacheKey key(String name) {
    return CacheKey.schema("test").add("name", name).build();
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
