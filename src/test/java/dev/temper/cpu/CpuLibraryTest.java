package dev.temper.cpu;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.EngineUnavailableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CpuLibraryTest {

  @TempDir Path folder;

  @Test
  void theLoadersReasonIsQuoted() throws IOException {
    Path absent = folder.resolve("absent.so");
    assertThatThrownBy(() -> CpuLibrary.load("the packed library", absent))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessage("no CPU engine: the packed library cannot be loaded: " + absent
            + ": cannot open shared object file: No such file or directory");
    Path truncated = Files.write(folder.resolve("truncated.so"), new byte[] {0x7f, 'E', 'L', 'F'});
    assertThatThrownBy(() -> CpuLibrary.load("the packed library", truncated))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessage("no CPU engine: the packed library cannot be loaded: " + truncated + ": file too short");
  }
}
