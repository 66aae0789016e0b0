package dev.temper.tools.counts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.cuda.nvrtc.MachineNvrtc;
import dev.temper.cuda.nvrtc.Nvrtc;
import dev.temper.cuda.nvrtc.NvrtcPlaces;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What makes a warm start slow is what it loads: seen here by name, which no load of the machine can change. */
final class WarmStartTest {

  @TempDir Path folder;

  @Test
  void loadsNeitherNvrtcNorDigestsNorWhatIsLinkedAtRunTime() throws Exception {
    List<String> library = List.of("-D" + NvrtcPlaces.LIBRARY_PROPERTY + "=" + MachineNvrtc.library());
    assertThat(run(library)).endsWith(" false");
    Path classes = folder.resolve("classes");
    assertThat(run(List.of(library.getFirst(), "-Xlog:class+load:file=" + classes))).endsWith(" true");
    List<String> loaded = Files.readString(classes).lines().dropWhile(line -> !line.contains(WarmStart.class.getName())).toList();
    assertThat(loaded).anyMatch(line -> line.contains("dev.temper.kernel.code.DiskCache "))
        .noneMatch(line -> line.contains("dev.temper.cuda.nvrtc.Nvrtc ") || line.contains("dev.temper.ffm.SharedLibrary "))
        .noneMatch(line -> line.contains(" java.security.MessageDigest ") || line.contains(" sun.security.provider."))
        .noneMatch(line -> line.contains("$$StringConcat"))
        .noneMatch(line -> line.contains(" dev.temper.") && line.contains("$$Lambda"))
        .noneMatch(line -> line.contains(" java.util.regex.Matcher ") || line.contains(" java.util.Formatter "));
  }

  private String run(List<String> options) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(WarmStart.command(folder.resolve("cache"), options)).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }
}
