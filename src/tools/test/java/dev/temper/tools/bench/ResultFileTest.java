package dev.temper.tools.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.diagnostics.DeviceFacts;
import dev.temper.tools.files.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Result files are read and written without a change. */
final class ResultFileTest {

  private static final Path RESULTS = Path.of("benchmarks/results");

  @TempDir private Path folder;

  static List<Path> committed() throws IOException {
    try (Stream<Path> files = Files.list(RESULTS)) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("committed")
  void aCommittedFileIsReadAndWrittenUnchanged(Path file) throws IOException {
    assertThat(Json.text(Json.read(file, ResultFile.class))).isEqualTo(Files.readString(file));
  }

  @Test
  void nonFiniteNumbersAndADeviceAreReadBack() throws IOException {
    Quantiles time = new Quantiles(1, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1);
    DeviceFacts facts = new DeviceFacts("a GPU", "9.0", 132, 1L << 37, 60 << 20, "up to 16 blocks", "CUDA 13.0",
        "NVRTC 13.0");
    ResultFile file = new ResultFile("gpu", "2026-01-01T00:00:00Z", "0123456789ab",
        new Machine("a processor", 2, 1 << 25, "an OS"),
        facts, Map.of("watts", 612.5), Map.of("java", "25"), Double.NaN, false, List.of("a disturbance"),
        new Quietness(1, Double.NaN, 0, 0), 0, List.of(),
        List.of(new Measurement("TemperLoss.forward", Map.of("shape", "1x2"), "ms", time, Map.of())));
    Path path = folder.resolve("gpu.json");
    Json.write(path, file);
    assertThat(path).content().contains("\"low\" : \"NaN\"", "\"high\" : \"Infinity\"", "\"fastest\" : \"-Infinity\"");
    assertThat(Json.read(path, ResultFile.class)).isEqualTo(file);
  }

  @Test
  void anotherDocumentIsRefusedByName() throws IOException {
    Path other = folder.resolve("other.json");
    for (String text : List.of("{}", "[]", "{ \"group\" : \"gpu\" }", "{ \"grop\" : 1 }", "{", "{} {}")) {
      Files.writeString(other, text);
      assertThatThrownBy(() -> Json.read(other, ResultFile.class)).as(text).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("other.json");
    }
  }
}
