package dev.temper.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TemporaryFilesTest {

  @TempDir Path folder;

  @Test
  void filesAndFoldersOfAnEndedProcessGo() throws IOException {
    Path elsewhere = Files.writeString(folder.resolve("elsewhere"), "");
    Path file = Files.writeString(folder.resolve(EndedProcess.temporaryName() + "a.part"), "");
    Path inner = Files.createDirectories(folder.resolve(EndedProcess.temporaryName() + "b/inner"));
    Files.writeString(inner.resolve("file"), "");
    Files.createSymbolicLink(inner.resolve("link"), elsewhere);
    TemporaryFiles.removeAbandoned(folder);
    assertThat(List.of(file, inner, inner.getParent())).noneMatch(Files::exists);
    assertThat(elsewhere).exists();
  }

  @Test
  void everythingElseStays() throws IOException {
    String ended = EndedProcess.temporaryName();
    String mark = ended.substring(".temper-".length(), ended.indexOf('-', ".temper-".length()));
    List<String> names = List.of(
        TemporaryFiles.prefix() + "own.part", ended.replace(mark, mark + "0") + "other-machine.part",
        ended.substring(1), ended.replace(".temper", ".other"), ".temper-", ".temper-" + mark + "-x-1.part",
        ".temper-" + mark + "-99999999999999999999-1.part", "result.safetensors");
    for (String name : names) {
      Files.writeString(folder.resolve(name), "");
    }
    TemporaryFiles.removeAbandoned(folder);
    assertThat(names).allMatch(name -> Files.exists(folder.resolve(name)));
  }

  @Test
  void aFileOfAnotherUserStays() throws IOException {
    Path file = Files.writeString(folder.resolve(EndedProcess.temporaryName() + "a.part"), "");
    assumeTrue((int) Files.getAttribute(file, "unix:uid") == 0,
        "did not run: only the administrator can give a file away");
    Files.setAttribute(file, "unix:uid", 12_345);
    TemporaryFiles.removeAbandoned(folder);
    assertThat(file).exists();
  }

  @Test
  void aFolderThatIsNotThereIsNoError() {
    TemporaryFiles.removeAbandoned(folder.resolve("nowhere"));
    assertThat(folder).isEmptyDirectory();
  }
}
