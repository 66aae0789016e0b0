package dev.temper.tools.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A new folder that is deleted with its content by {@link #close()}.
 *
 * @param path the folder
 */
public record TemporaryFolder(Path path) implements AutoCloseable {

  /** Makes a folder in the system's folder of temporary files; its name begins with {@code prefix}. */
  public static TemporaryFolder make(String prefix) throws IOException {
    return new TemporaryFolder(Files.createTempDirectory(prefix));
  }

  /** Makes a folder beside a file on the same volume, so that a move of its content to the file is atomic. */
  public static TemporaryFolder beside(Path file, String prefix) throws IOException {
    return new TemporaryFolder(Files.createTempDirectory(file.resolveSibling("."), prefix));
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
