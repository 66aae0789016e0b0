package dev.temper.benchmarks;

import dev.temper.tools.bench.ResultFile;
import dev.temper.tools.files.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
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

  /** All result files of a folder, by name. A JSON file without a group, such as a training run, is no result file. */
  static List<ResultFile> readAll(Path folder) throws IOException {
    List<ResultFile> results = new ArrayList<>();
    for (Path file : sorted(folder, path -> path.toString().endsWith(".json"))) {
      if (Json.object(Files.readString(file)).filter(document -> document.has("group")).isPresent()) {
        results.add(read(file));
      }
    }
    return results;
  }

  /** The folders in a folder, by name. */
  static List<Path> folders(Path folder) throws IOException {
    return sorted(folder, Files::isDirectory);
  }

  private static List<Path> sorted(Path folder, Predicate<Path> wanted) throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths.filter(wanted).sorted().toList();
    }
  }
}
