package dev.temper.kernel.code;

import java.nio.file.Path;
import java.util.Arrays;

/** A process that fills a cache without end. */
final class CacheFiller {

  static final int ENTRIES = 8;
  static final int CONTENT_BYTES = 200_000;

  private CacheFiller() {}

  /** The cache's directory is the only argument. */
  public static void main(String[] arguments) {
    DiskCache cache = open(Path.of(arguments[0]));
    for (int i = 0; ; i = (i + 1) % ENTRIES) {
      cache.write(key(i), content(i));
      if (i == 0) {
        System.out.print('.');
        System.out.flush();
      }
    }
  }

  /** Opens a cache with room for all entries except one, so that filling also evicts. */
  static DiskCache open(Path directory) {
    return DiskCache.open(directory, (ENTRIES - 1) * (CONTENT_BYTES + 100L));
  }

  static CacheKey key(int entry) {
    return CacheKey.schema("killed").add("entry", Integer.toString(entry)).build();
  }

  static byte[] content(int entry) {
    byte[] content = new byte[CONTENT_BYTES];
    Arrays.fill(content, (byte) (entry + 1));
    return content;
  }
}
