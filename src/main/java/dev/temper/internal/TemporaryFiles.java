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
 * Names of temporary files and folders that hold the number of the process which made them, so that a later process can
 * remove those of a process that was killed.
 *
 * <p>Hazard: the same number belongs to other processes on another machine, in another container and after a restart,
 * and a shared folder may hold files of all of them. The name therefore also holds a mark of machine start and process
 * namespace, and files with another mark, or of another user, whose processes may be hidden, are left alone.
 */
public final class TemporaryFiles {

  private static final String FAMILY = ".temper-" + mark() + "-";
  private static final String PREFIX = FAMILY + ProcessHandle.current().pid() + "-";

  private TemporaryFiles() {}

  /** The beginning of the name of every temporary file of this process; at most 40 characters. */
  public static String prefix() {
    return PREFIX;
  }

  /** Removes temporary files and folders of this user's ended processes from a folder, as far as that is possible. */
  public static void removeAbandoned(Path folder) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, TemporaryFiles::isAbandoned)) {
      for (Path file : files) {
        deleteIfPossible(file);
      }
    } catch (IOException | RuntimeException e) {
      // A folder that cannot be listed keeps what it holds.
    }
  }

  private static void deleteIfPossible(Path file) {
    try {
      delete(file);
    } catch (IOException e) {
      // The file stays until a later process can remove it.
    }
  }

  /** Removes a file, or a folder and all that lies in it; links are removed, not followed. */
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

  /** Equal for processes that number each other alike: those of one start of a machine, in one container. */
  private static String mark() {
    try {
      String boot = Files.readString(Path.of("/proc/sys/kernel/random/boot_id"));
      String namespace = Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
      return Integer.toHexString((boot + namespace).hashCode());
    } catch (IOException | RuntimeException e) {
      return "0";  // systems other than Linux
    }
  }
}
