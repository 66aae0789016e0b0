package dev.temper.tools.pack;

import dev.temper.LossEngine;
import dev.temper.tools.files.TemporaryFolder;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/** A folder with everything that Temper needs on a machine with this one's system and processor. */
public final class PortableFolder {

  /** Path in the jar of the tools: the files of a packed folder beside runtime and jars. */
  private static final String CONTENT = "dev/temper/tools/pack/folder/";

  private PortableFolder() {}

  /**
   * Makes the folder, whole or not at all.
   *
   * @param folder a name without a file, or an empty folder
   * @param version version of Temper
   * @param revision revision of its sources
   * @return size of its files in bytes
   * @throws IllegalArgumentException if the name is taken
   * @throws IllegalStateException if the Java runtime is not a JDK, or a library is missing
   * @throws IOException if the folder cannot be written
   */
  public static long make(Path folder, String version, String revision) throws IOException {
    Path target = folder.toAbsolutePath().normalize();
    requireFree(target);
    Files.createDirectories(target.resolveSibling("."));
    try (TemporaryFolder partial = TemporaryFolder.beside(target, ".temper-pack-")) {
      Path whole = partial.path().resolve("whole");
      Files.createDirectories(whole.resolve("lib"));
      JavaRuntime.link(whole.resolve("runtime"));
      copyJarOf(LossEngine.class, whole.resolve("lib/temper.jar"));
      Path tools = whole.resolve("lib/temper-tools.jar");
      copyJarOf(PortableFolder.class, tools);
      Libraries.copy(whole.resolve("lib"));
      extractContent(tools, whole);
      Files.writeString(whole.resolve("VERSION"), version + " " + revision + "\n");
      long bytes = size(whole);
      Files.deleteIfExists(target);
      Files.move(whole, target);
      return bytes;
    }
  }

  private static void requireFree(Path target) throws IOException {
    boolean emptyFolder = false;
    if (Files.isDirectory(target)) {
      try (Stream<Path> content = Files.list(target)) {
        emptyFolder = content.findAny().isEmpty();
      }
    }
    if (Files.exists(target) && !emptyFolder) {
      throw new IllegalArgumentException(target
          + " exists and is not an empty folder; give a name that is free, or remove it");
    }
  }

  private static void copyJarOf(Class<?> type, Path jar) throws IOException {
    Path own;
    try {
      own = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IOException("cannot tell where the jar of " + type.getName() + " is", e);
    }
    if (Files.isDirectory(own)) {
      JavaRuntime.archive(own, jar);
    } else {
      Files.copy(own, jar);
    }
  }

  private static void extractContent(Path jar, Path folder) throws IOException {
    try (JarFile from = new JarFile(jar.toFile())) {
      List<JarEntry> entries = from.stream()
          .filter(entry -> entry.getName().startsWith(CONTENT) && !entry.isDirectory()).toList();
      for (JarEntry entry : entries) {
        Path file = folder.resolve(entry.getName().substring(CONTENT.length()));
        Files.createDirectories(file.resolveSibling("."));
        try (InputStream content = from.getInputStream(entry)) {
          byte[] bytes = content.readAllBytes();
          Files.write(file, bytes);
          // A jar stores no permissions. A file that begins with #! is a program.
          if (bytes.length > 1 && bytes[0] == '#' && bytes[1] == '!' && !file.toFile().setExecutable(true, false)) {
            throw new IOException("cannot make " + file + " executable");
          }
        }
      }
    }
  }

  private static long size(Path folder) throws IOException {
    long bytes = 0;
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }
}
