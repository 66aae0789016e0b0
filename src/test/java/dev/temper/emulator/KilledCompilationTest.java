package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.internal.KilledProcess;
import dev.temper.internal.TemporaryFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests that processes killed while the emulator compiles do not stop the next process, which removes their files. */
final class KilledCompilationTest {

  @TempDir Path folder;

  @Test
  @Timeout(900)
  void theNextProcessWorksAndClearsTheSourcesOfKilledOnes() throws Exception {
    Emulator.assumeUsable();
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    List<String> options = List.of("-Djava.io.tmpdir=" + temporary, "-Dtemper.cache=" + folder.resolve("cache"));
    Random random = new Random(6);
    for (int kill = 0; kill < KilledProcess.KILLS; kill++) {
      KilledProcess.run(EmulatorStart.class, options, random, 4_000);
    }
    KilledProcess.complete(EmulatorStart.class, options);
    // A compiler that outlives its killed parent may still write into its folder while that is being removed.
    for (int second = 0; second < 60 && !names(temporary).isEmpty(); second++) {
      Thread.sleep(1_000);
      TemporaryFiles.removeAbandoned(temporary);
    }
    assertThat(names(temporary)).isEmpty();
    assertThat(names(folder.resolve("cache"))).isNotEmpty().allMatch(name -> name.endsWith(".kernel"));
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).filter(name -> !name.startsWith("hsperfdata")).toList();
    }
  }
}
