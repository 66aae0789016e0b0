package dev.temper.snippets;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TrainingLoopTest {

  @Test
  void learns() {
    float[] history = TrainingLoop.train(60, 64, 8, 5);

    assertThat(history[59]).isLessThan(0.2f * history[0]);
  }

  @Test
  void readmeShowsThisVeryCode() throws IOException {
    List<String> source = Files.readAllLines(Path.of("src/test/java/dev/temper/snippets/TrainingLoop.java"));
    int start = source.indexOf("    // @start region=\"loop\"");
    int end = source.indexOf("    // @end");
    String loop = String.join("\n", source.subList(start + 1, end)).stripIndent();

    assertThat(Files.readString(Path.of("README.md"))).contains(loop);
  }
}
