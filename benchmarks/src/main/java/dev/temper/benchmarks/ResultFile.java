package dev.temper.benchmarks;

import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.temper.bench.Machine;
import dev.temper.bench.Quietness;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * One group of benchmarks as it was run: what a file under {@code results/} holds.
 *
 * @param group name of the group, such as {@code peers}
 * @param date when it was run, ISO 8601 in UTC
 * @param commit revision of the sources, with {@code -dirty} if they had been changed
 * @param machine what it ran on
 * @param versions of the JVM and of the peers
 * @param copyGigabytesPerSecond copy rate of the machine's memory, bytes read plus bytes written
 * @param quiet whether nothing else disturbed the run; only then may its numbers be shown
 * @param disturbances what did, one phrase each
 * @param quietness the numbers behind that
 * @param entries what was measured
 */
public record ResultFile(
    String group,
    String date,
    String commit,
    Machine machine,
    Map<String, String> versions,
    double copyGigabytesPerSecond,
    boolean quiet,
    List<String> disturbances,
    Quietness quietness,
    List<Entry> entries) {

  private static final JsonMapper MAPPER = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  /** Writes the file, beside its place first. */
  void write(Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Files.writeString(part, MAPPER.writeValueAsString(this) + "\n");
    Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
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
