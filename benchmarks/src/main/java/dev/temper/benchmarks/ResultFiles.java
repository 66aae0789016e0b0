package dev.temper.benchmarks;

import dev.temper.tools.bench.ResultFile;
import dev.temper.tools.files.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Result files in a folder. */
final class ResultFiles {

  private ResultFiles() {}

  /** Writes the file, whole or not at all; makes its folder if there is none. */
  static void write(Path file, ResultFile result) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Json.write(file, result);
  }

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException if it is not a result file
   */
  static ResultFile read(Path file) throws IOException {
    return Json.read(file, ResultFile.class);
  }

  /** All result files of a folder, by name. */
  static List<ResultFile> readAll(Path folder) throws IOException {
    List<ResultFile> results = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
        results.add(read(file));
      }
    }
    return results;
  }
}
