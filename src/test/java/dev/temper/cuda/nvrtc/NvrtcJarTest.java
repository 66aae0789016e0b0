package dev.temper.cuda.nvrtc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.kernel.code.DiskCache;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the extraction from a jar that has the names of the real jar and text in the place of the libraries. */
final class NvrtcJarTest {

  private static final String FOLDER = "org/bytedeco/cuda/linux-x86_64/";
  private static final String LIBRARY = "the library";

  @TempDir Path folder;

  private Path library;

  @BeforeEach
  void extracted() throws IOException {
    library = extract();
  }

  @Test
  void theLibraryAndItsBuiltinsAreExtractedIntoAClosedFolder() throws IOException {
    assertThat(library).hasFileName("libnvrtc.so.12").hasContent(LIBRARY);
    assertThat(library.resolveSibling("libnvrtc-builtins.so.12.9")).hasContent("the builtins");
    assertThat(Files.getPosixFilePermissions(library.getParent()))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void whatLiesThereAsInTheJarIsUsedAgain() throws IOException {
    Object before = Files.getAttribute(library, "unix:ino");
    assertThat(extract()).isEqualTo(library);
    assertThat(Files.getAttribute(library, "unix:ino")).isEqualTo(before);
  }

  @Test
  void otherContentOfTheSameLengthIsReplaced() throws IOException {
    Files.writeString(library, "The Library");
    assertThat(extract()).hasContent(LIBRARY);
  }

  @Test
  void aFileThatOthersCanWriteIsReplaced() throws IOException {
    Files.setPosixFilePermissions(library, PosixFilePermissions.fromString("rw-rw-rw-"));
    assertThat(extract()).hasContent(LIBRARY);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(library))).isEqualTo("rw-------");
  }

  @Test
  void aLinkIsReplacedAndItsTargetStays() throws IOException {
    Path target = Files.move(library, folder.resolve("target"));
    Files.createSymbolicLink(library, target);
    assertThat(Files.isSymbolicLink(extract())).isFalse();
    assertThat(target).hasContent(LIBRARY);
  }

  @Test
  void aFolderThatOthersCanWriteIsNotUsed() throws IOException {
    Files.setPosixFilePermissions(library.getParent(), PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThatThrownBy(this::extract).isInstanceOf(IOException.class)
        .hasMessage(library.getParent() + " can be written by other users");
  }

  private Path extract() throws IOException {
    Path file = folder.resolve("nvrtc.jar");
    if (!Files.exists(file)) {
      try (OutputStream out = Files.newOutputStream(file); JarOutputStream jar = new JarOutputStream(out)) {
        add(jar, "libnvrtc.so.12", LIBRARY);
        add(jar, "libnvrtc-builtins.so.12.9", "the builtins");
      }
    }
    try (URLClassLoader loader = new URLClassLoader(new URL[] {file.toUri().toURL()}, null)) {
      return new NvrtcJar(loader).extract(DiskCache.open(folder.resolve("cache"), 1 << 20));
    }
  }

  private static void add(JarOutputStream jar, String name, String content) throws IOException {
    jar.putNextEntry(new JarEntry(FOLDER + name));
    jar.write(content.getBytes(StandardCharsets.UTF_8));
    jar.closeEntry();
  }
}
