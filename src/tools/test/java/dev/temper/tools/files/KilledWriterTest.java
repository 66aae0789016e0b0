package dev.temper.tools.files;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.internal.KilledProcess;
import dev.temper.io.TensorFile;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests that processes killed while they write leave a complete file, and that the next process removes their
 * unfinished files.
 */
final class KilledWriterTest {

  @TempDir private Path folder;

  @Test
  void theFileIsWholeAfterEveryKill() throws Exception {
    Random random = new Random(33);
    int unfinished = 0;
    for (int kill = 0; kill < KilledProcess.KILLS; kill++) {
      Path inner = Files.createDirectory(folder.resolve("kill" + kill));
      Path file = inner.resolve("result.safetensors");
      KilledProcess.run(OutputWriter.class, List.of(), random, 300, file.toString());
      unfinished += names(inner).size() - 1;
      assertThat(Arrays.stream(elements(file)).distinct().count()).as("numbers in one file").isEqualTo(1);
      OutputWriter.write(file, -1);
      assertThat(names(inner)).containsExactly("result.safetensors");
      assertThat(elements(file)).startsWith(-1);
    }
    if (KilledProcess.KILLS >= 20) {
      assertThat(unfinished).as("kills that hit a process while it wrote").isPositive();
    }
  }

  private static int[] elements(Path file) throws IOException {
    try (TensorFile read = TensorFiles.open(file)) {
      return read.tensor("x").data().toArray(ValueLayout.JAVA_INT_UNALIGNED);
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
