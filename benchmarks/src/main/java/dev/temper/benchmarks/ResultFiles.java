package dev.temper.benchmarks;

import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.temper.tools.bench.ResultFile;
import dev.temper.tools.bench.ResultJson;
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

  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private ResultFiles() {}

  /** Writes the file, whole or not at all. */
  static void write(Path file, ResultFile result) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Json.write(file, json -> ResultJson.write(result, json));
  }

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException if it is not a result file
   */
  static ResultFile read(Path file) throws IOException {
    try {
      return MAPPER.readValue(file.toFile(), ResultFile.class);
    } catch (JsonMappingException e) {
      throw new IllegalArgumentException(file + ": not a result file: " + e.getOriginalMessage(), e);
    }
  }

  /** All result files of a folder, by name. A JSON file without a group, such as a training run, is no result file. */
  static List<ResultFile> readAll(Path folder) throws IOException {
    List<ResultFile> results = new ArrayList<>();
    for (Path file : sorted(folder, path -> path.toString().endsWith(".json"))) {
      JsonNode document = MAPPER.readTree(file.toFile());
      if (document.has("group")) {
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
