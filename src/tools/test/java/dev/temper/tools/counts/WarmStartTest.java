package dev.temper.tools.counts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.cuda.nvrtc.MachineNvrtc;
import dev.temper.cuda.nvrtc.NvrtcPlaces;
import dev.temper.tools.process.JavaCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests that a warm start loads none of the classes that would make it slow. Unlike a time, the result does not depend
 * on the load of the machine.
 */
final class WarmStartTest {

  @TempDir Path folder;

  @Test
  void loadsNeitherNvrtcNorDigestsNorWhatIsLinkedAtRunTime() throws Exception {
    assertThat(start().lastLine(WarmStart.ONE_PROCESS)).endsWith(" false");
    Path classes = folder.resolve("classes");
    assertThat(start().option("-Xlog:class+load:file=" + classes).lastLine(WarmStart.ONE_PROCESS)).endsWith(" true");
    List<String> loaded = Files.readString(classes).lines().dropWhile(line -> !line.contains(WarmStart.class.getName()))
        .toList();
    assertThat(loaded).anyMatch(line -> line.contains("dev.temper.kernel.code.DiskCache "))
        .noneMatch(line -> line.contains("dev.temper.cuda.nvrtc.Nvrtc ")
            || line.contains("dev.temper.ffm.SharedLibrary "))
        .noneMatch(line -> line.contains(" java.security.MessageDigest ") || line.contains(" sun.security.provider."))
        .noneMatch(line -> line.contains("$$StringConcat"))
        .noneMatch(line -> line.contains(" dev.temper.") && line.contains("$$Lambda"))
        .noneMatch(line -> line.contains(" java.util.regex.Matcher ") || line.contains(" java.util.Formatter "));
  }

  private JavaCommand start() throws IOException {
    return WarmStart.command(folder.resolve("cache")).property(NvrtcPlaces.LIBRARY_PROPERTY, MachineNvrtc.library());
  }
}
