package dev.temper.tools.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes files that appear whole or not at all: the bytes go to a file beside the target, which then takes the target's
 * place. An existing target stays as it is until that moment, and for good if anything fails.
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

  private AtomicFile() {}

  /**
   * Writes a file.
   *
   * @throws IOException if it cannot be written, in one sentence that names it; nothing half written is left behind
   */
  public static void write(Path target, Body body) throws IOException {
    Path place = place(target);
    Path part = place.resolveSibling("." + place.getFileName() + "." + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".part");
    // The JVM removes it when it is interrupted half-way; once moved there is nothing to remove.
    try {
      part.toFile().deleteOnExit();
    } catch (IllegalStateException e) {
      // The JVM is ending after Ctrl-C, and this write is part of its end.
    }
    try {
      try (FileChannel channel = FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        body.write(channel);
        // A full disk may show only when the bytes are really stored.
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

  /** Where the file really goes: a link is followed, so that the move does not replace it. */
  private static Path place(Path target) throws IOException {
    if (!Files.exists(target)) {
      return target.toAbsolutePath();
    }
    if (!Files.isRegularFile(target)) {
      String kind = Files.isDirectory(target) ? "a directory" : "a device or pipe";
      throw new IOException("cannot write " + target + ": it is " + kind + ", expected the name of a file");
    }
    return target.toRealPath();
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
