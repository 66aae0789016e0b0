package dev.temper.tools.cli;

import dev.temper.kernel.code.CacheDirectory;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;

/** The directory of compiled kernels and what lies in it. */
record CacheUse(Path directory, long files, long bytes) {

  static CacheUse ofUser() {
    return of(CacheDirectory.ofUser());
  }

  /** Counts what can be read; other processes may add and remove files meanwhile. */
  static CacheUse of(Path directory) {
    long[] sums = new long[2];
    if (Files.isDirectory(directory)) {
      try {
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            sums[0]++;
            sums[1] += attributes.size();
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE;
          }
        });
      } catch (IOException e) {
        return new CacheUse(directory, sums[0], sums[1]);
      }
    }
    return new CacheUse(directory, sums[0], sums[1]);
  }
}
