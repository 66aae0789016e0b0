package dev.temper.tools.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {

  @TempDir private Path folder;

  @Test
  void writesAndReplaces() throws IOException {
    Path file = folder.resolve("report.txt");
    AtomicFile.writeText(file, "first, with é");
    AtomicFile.writeText(file, "second");
    assertThat(file).hasContent("second");
    assertThat(names()).containsExactly("report.txt");
  }

  @Test
  void aFailureHalfWayKeepsTheOldFileAndLeavesNothingElse() throws IOException {
    Path file = folder.resolve("report.txt");
    AtomicFile.writeText(file, "old");
    assertThatThrownBy(() -> AtomicFile.write(file, channel -> {
      channel.write(ByteBuffer.wrap(new byte[1000]));
      throw new IOException("No space left on device");
    })).isExactlyInstanceOf(IOException.class).hasMessage("cannot write " + file + ": No space left on device");
    assertThat(file).hasContent("old");
    assertThat(names()).containsExactly("report.txt");
  }

  @Test
  void aProgrammingErrorLeavesNothingEither() throws IOException {
    Path file = folder.resolve("report.txt");
    assertThatThrownBy(() -> AtomicFile.write(file, channel -> {
      throw new IllegalStateException("bug");
    })).isInstanceOf(IllegalStateException.class);
    assertThat(names()).isEmpty();
  }

  @Test
  void namesTheMissingFolder() {
    Path file = folder.resolve("nowhere").resolve("report.txt");
    assertThatThrownBy(() -> AtomicFile.writeText(file, "x"))
        .isExactlyInstanceOf(IOException.class)
        .hasMessage("cannot write " + file + ": there is no folder " + file.getParent());
  }

  @Test
  void refusesToReplaceAFolder() {
    assertThatThrownBy(() -> AtomicFile.writeText(folder, "x"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining("it is a directory");
  }

  @Test
  void followsALinkInsteadOfReplacingIt() throws IOException {
    Path file = folder.resolve("real.txt");
    AtomicFile.writeText(file, "old");
    Path link = Files.createSymbolicLink(folder.resolve("link.txt"), file);
    AtomicFile.writeText(link, "new");
    assertThat(Files.isSymbolicLink(link)).isTrue();
    assertThat(file).hasContent("new");
  }

  private record Numbers(double a, double b, float c, double d) {}

  @Test
  void jsonWritesNonFiniteNumbersAsStrings() {
    String text = Json.text(new Numbers(Double.NaN, Double.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, 0.1));
    assertThat(text.replaceAll("\\s", "")).isEqualTo("{\"a\":\"NaN\",\"b\":\"-Infinity\",\"c\":\"Infinity\",\"d\":0.1}");
    assertThat(text).endsWith("}\n");
  }

  private Stream<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList().stream();
    }
  }
}
