package dev.temper.internal;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * Names temporary files and folders by the number of their process. A later process can therefore remove the files of a
 * process that was killed.
 *
 * <p>Hazard: another machine, another container or a restart may reuse a process number, and a shared folder may hold
 * files of all of them. Names therefore also hold a mark of machine start and process namespace.
 *
 * <p>Files with another mark or of another user are never removed. The processes of other users may be hidden.
 */
public final class TemporaryFiles {

  private static final String FAMILY = ".temper-" + mark() + "-";
  private static final String PREFIX = FAMILY + ProcessHandle.current().pid() + "-";

  private TemporaryFiles() {}

  /** Returns the prefix of the name of every temporary file of this process, which has at most 40 characters. */
  public static String prefix() {
    return PREFIX;
  }

  /**
   * Removes temporary files and folders of ended processes of this user from a folder. Files that cannot be removed
   * stay.
   */
  public static void removeAbandoned(Path folder) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, TemporaryFiles::isAbandoned)) {
      for (Path file : files) {
        deleteIfPossible(file);
      }
    } catch (IOException | RuntimeException e) {
      // The content of a folder that cannot be listed stays.
    }
  }

  private static void deleteIfPossible(Path file) {
    try {
      delete(file);
    } catch (IOException e) {
      // The file stays until a later process can remove it.
    }
  }

  /** Removes a file, or a folder with its content. A symbolic link is removed, and its target stays. */
  public static void delete(Path file) throws IOException {
    if (!Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
      Files.deleteIfExists(file);
      return;
    }
    Files.walkFileTree(file, new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult visitFile(Path inner, BasicFileAttributes attributes) throws IOException {
        Files.deleteIfExists(inner);
        return FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult postVisitDirectory(Path inner, @Nullable IOException failure) throws IOException {
        Files.deleteIfExists(inner);
        return FileVisitResult.CONTINUE;
      }
    });
  }

  private static boolean isAbandoned(Path file) {
    String name = file.getFileName().toString();
    int end = name.indexOf('-', FAMILY.length());
    if (!name.startsWith(FAMILY) || end < 0) {
      return false;
    }
    try {
      long process = Long.parseLong(name, FAMILY.length(), end, 10);
      return ProcessHandle.of(process).isEmpty() && TrustedFiles.isOwn(file);
    } catch (NumberFormatException | IOException e) {
      return false;
    }
  }

  /**
   * Returns a mark that is equal for processes of one machine start and one container, which share their process
   * numbers.
   */
  private static String mark() {
    try {
      String boot = Files.readString(Path.of("/proc/sys/kernel/random/boot_id"));
      String namespace = Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
      return Integer.toHexString((boot + namespace).hashCode());
    } catch (IOException | RuntimeException e) {
      return "0"; // This value is the mark on systems other than Linux.
    }
  }
}
