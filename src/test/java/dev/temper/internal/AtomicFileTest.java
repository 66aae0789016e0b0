package dev.temper.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  @Test
  void writesTheFileThatADanglingLinkNames() throws IOException {
    Path file = folder.resolve("real.txt");
    Path inner = Files.createSymbolicLink(folder.resolve("inner.txt"), Path.of("real.txt"));
    Path link = Files.createSymbolicLink(folder.resolve("link.txt"), inner);
    AtomicFile.writeText(link, "new");
    assertThat(List.of(link, inner)).allMatch(Files::isSymbolicLink);
    assertThat(Files.isSymbolicLink(file)).isFalse();
    assertThat(file).hasContent("new");
  }

  @Test
  void refusesALinkToItself() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link.txt"), Path.of("link.txt"));
    assertThatThrownBy(() -> AtomicFile.writeText(link, "x"))
        .hasMessage("cannot write " + link + ": it is a link that leads back to itself");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-------", "rw-rw-rw-", "rwxr-x---", "rw-r--r--"})
  void keepsTheModeOfTheFileThatItReplaces(String mode) throws IOException {
    Path file = Files.writeString(folder.resolve("report.txt"), "old");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    AtomicFile.write(file, channel -> assertThat(modes()).as("also while it is written").containsOnly(mode));
    assertThat(modes()).containsExactly(mode);
  }

  @Test
  void aNewFileHasTheModeThatOtherProgramsGive() throws IOException {
    Files.writeString(folder.resolve("other.txt"), "x");
    AtomicFile.writeText(folder.resolve("report.txt"), "x");
    assertThat(modes()).hasSize(2);
    assertThat(Set.copyOf(modes())).hasSize(1);
  }

  @Test
  void aNameMayBeAsLongAsTheFileSystemTakes() throws IOException {
    Path file = folder.resolve("x".repeat(255));
    AtomicFile.writeText(file, "new");
    assertThat(file).hasContent("new");
  }

  @Test
  void partFilesOfAnEndedProcessAreRemovedByTheNextWriteAndOthersStay() throws IOException {
    Path ended = Files.writeString(folder.resolve(EndedProcess.temporaryName() + "a.part"), "half");
    Path own = Files.writeString(folder.resolve(TemporaryFiles.prefix() + "b.part"), "being written");
    Path foreign = Files.writeString(folder.resolve(".other.part"), "of another program");
    AtomicFile.writeText(folder.resolve("report.txt"), "x");
    assertThat(ended).doesNotExist();
    assertThat(List.of(own, foreign)).allMatch(Files::exists);
  }

  private List<String> modes() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      List<String> modes = new ArrayList<>();
      for (Path file : files.toList()) {
        modes.add(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
      }
      return modes;
    }
  }

  private Stream<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList().stream();
    }
  }
}
