package dev.temper.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes files that appear whole or not at all: the bytes go to a file in the target's folder, which is then moved to
 * the target's name. An existing target stays unchanged until the move, and also if a write fails. The new file has the
 * mode of the replaced file. The first write in a folder removes the unfinished files of processes that were killed
 * there.
 *
 * <p>Every failure to write is an {@link IOException} whose message is one sentence that names the file.
 */
public final class AtomicFile {

  /** Writes the content of a file. */
  @FunctionalInterface
  public interface Body {
    /** Writes everything to the channel, which is at position 0 of an empty file. */
    void write(FileChannel channel) throws IOException;
  }

  private static final int MOST_LINKS = 40;
  private static final Set<StandardOpenOption> NEW = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);

  /** Folders whose abandoned files this process has removed. */
  private static final Set<Path> CLEARED = ConcurrentHashMap.newKeySet();

  private AtomicFile() {}

  /**
   * Writes a file.
   *
   * @throws IOException if the file cannot be written; the message is one sentence that names it, and no unfinished
   *     file is left
   */
  public static void write(Path target, Body body) throws IOException {
    Path place = place(target);
    Path folder = place.resolveSibling(".");
    if (CLEARED.add(folder)) {
      TemporaryFiles.removeAbandoned(folder);
    }
    // The target's name is left out: with it, a name of almost 255 bytes would become too long.
    Path part = place.resolveSibling(
        TemporaryFiles.prefix() + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".part");
    // A process that is interrupted before the move removes the file when it exits.
    try {
      part.toFile().deleteOnExit();
    } catch (IllegalStateException e) {
      // The JVM is ending after Ctrl-C, and this write is part of its end.
    }
    try {
      FileAttribute<?>[] mode = mode(place);
      try (FileChannel channel = FileChannel.open(part, NEW, mode)) {
        if (mode.length > 0) {
          // The process's umask was subtracted when the file was created.
          Files.setAttribute(part, mode[0].name(), mode[0].value());
        }
        body.write(channel);
        // Some file systems report a full disk only when the bytes are stored.
        channel.force(false);
      }
      move(part, place);
    } catch (IOException e) {
      throw new IOException("cannot write " + target + ": " + reason(e, place), e);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /** Writes a text file in UTF-8, as {@link #write(Path, Body)} does. */
  public static void writeText(Path target, String text) throws IOException {
    write(target, StandardCharsets.UTF_8.encode(text));
  }

  /** Writes the remaining bytes of a buffer, as {@link #write(Path, Body)} does. */
  public static void write(Path target, ByteBuffer bytes) throws IOException {
    write(target, channel -> {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    });
  }

  /** Returns the file at the end of a chain of links, whether or not it exists, so that the move replaces no link. */
  private static Path place(Path target) throws IOException {
    Path place = target.toAbsolutePath();
    for (int links = 0; Files.isSymbolicLink(place); links++) {
      if (links == MOST_LINKS) {
        throw new IOException("cannot write " + target + ": it is a link that leads back to itself");
      }
      place = place.resolveSibling(Files.readSymbolicLink(place)).toAbsolutePath();
    }
    if (!Files.exists(place)) {
      return place;
    }
    if (!Files.isRegularFile(place)) {
      String kind = Files.isDirectory(place) ? "a directory" : "a device or pipe";
      throw new IOException("cannot write " + target + ": it is " + kind + ", expected the name of a file");
    }
    if (!Files.isWritable(place)) {
      throw new IOException("cannot write " + target + ": it is write-protected");
    }
    return place;
  }

  /** Returns the mode of the file that is replaced, or nothing if there is no file or the system has no modes. */
  private static FileAttribute<?>[] mode(Path place) throws IOException {
    if (!Files.exists(place) || !FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
      return new FileAttribute<?>[0];
    }
    return new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(Files.getPosixFilePermissions(place))};
  }

  private static void move(Path part, Path place) throws IOException {
    try {
      Files.move(part, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(part, place, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static String reason(IOException e, Path place) {
    if (e instanceof NoSuchFileException) {
      return "there is no folder " + place.getParent();
    }
    if (e instanceof AccessDeniedException) {
      return "no permission to write in folder " + place.getParent();
    }
    String text = e instanceof FileSystemException f && f.getReason() != null ? f.getReason() : e.getMessage();
    return text == null ? e.getClass().getSimpleName() : text;
  }
}
