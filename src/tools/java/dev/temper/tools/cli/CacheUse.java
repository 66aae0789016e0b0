package dev.temper.tools.cli;

import dev.temper.kernel.code.CacheDirectory;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;

/** The directory of compiled kernels, with the number and the size of its files. */
record CacheUse(Path directory, long files, long bytes) {

  static CacheUse ofUser() {
    return of(CacheDirectory.ofUser());
  }

  /**
   * Counts the readable files. Other processes may add and remove files at the same time, which changes the count only.
   */
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
